import { type Arn, formatArn, parseArn, type ResourceKind } from '@roomstream/protocol/arn';
import type { LoggingConfiguration, Room, Tags } from '@roomstream/store/records';
import { authorize } from './auth/authorize.ts';
import type { Call } from './call.ts';
import { accessDenied, type ResourceType, resourceNotFound } from './errors.ts';

/** What a request says about tags; conditions of policies ask for it. */
export type RequestTags = {
  /** Tags that the request sets. */
  readonly tags?: Tags | undefined;
  /** Keys of tags that it removes. */
  readonly removed?: readonly string[];
};

/** A resource that can have tags. */
export type Tagged =
  | { readonly kind: 'room'; readonly room: Room }
  | { readonly kind: 'logging-configuration'; readonly configuration: LoggingConfiguration };

/**
 * Authorises a call that acts on no resource yet (Create…) or on all of a kind (List…): its resource is `room/*`, as in
 * IVS's service authorization reference. Throws AccessDenied.
 */
export function allowOnAll(call: Call, kind: ResourceKind, request?: RequestTags): void {
  allow(call, arnOf(call, kind, '*'), undefined, request);
}

/** Loads the room that a call acts on. Throws AccessDenied before ResourceNotFound: who may not ask learns nothing. */
export async function openRoom(call: Call, arn: string, request?: RequestTags): Promise<Room> {
  const opened = await openTagged(call, arn, request);
  if (opened.kind !== 'room') throw resourceNotFound('ROOM', idIn(arn));
  return opened.room;
}

/** Loads the logging configuration that a call acts on; throws like `openRoom`. */
export async function openLoggingConfiguration(call: Call, arn: string): Promise<LoggingConfiguration> {
  const opened = await openTagged(call, arn);
  if (opened.kind !== 'logging-configuration') throw resourceNotFound('LOGGING_CONFIGURATION', idIn(arn));
  return opened.configuration;
}

/** Loads the room or logging configuration that a call acts on; throws like `openRoom`. */
export async function openTagged(call: Call, arnText: string, request?: RequestTags): Promise<Tagged> {
  const arn = parseArn(arnText);
  if (!isOwn(call, arnText)) throw denied(call, arnText);
  const tagged = arn === undefined ? undefined : await load(call, arn);
  allow(call, arnText, tagged === undefined ? undefined : tagsOf(tagged), request);
  if (tagged === undefined) throw resourceNotFound(typeOf(arn?.kind ?? 'room'), idIn(arnText));
  return tagged;
}

/** The id of a logging configuration that a request refers to beside its resource; it must be the caller's own. */
export function referredId(call: Call, arn: string): string {
  if (!isOwn(call, arn)) throw denied(call, arn);
  return idIn(arn);
}

/** The ARN of one of the caller's resources. */
export function arnOf(call: Call, kind: ResourceKind, id: string): string {
  return formatArn({ region: call.services.region, account: call.caller.account, kind, id });
}

function allow(
  call: Call,
  resource: string,
  resourceTags: Tags | undefined,
  request: RequestTags = {},
): void {
  const isAllowed = authorize(call.caller, {
    action: `ivschat:${call.operation}`,
    resource,
    requestTags: request.tags,
    resourceTags,
    tagKeys: request.tags === undefined ? request.removed : Object.keys(request.tags),
  });
  if (!isAllowed) throw denied(call, resource);
}

function denied(call: Call, resource: string) {
  const user = `arn:aws:iam::${call.caller.account}:user/${call.caller.user}`;
  return accessDenied(
    `User: ${user} is not authorized to perform: ivschat:${call.operation} on resource: ${resource}`,
  );
}

/** ARNs of another account or region are AccessDenied, never data. */
function isOwn(call: Call, arn: string): boolean {
  return arn.startsWith(`arn:aws:ivschat:${call.services.region}:${call.caller.account}:`);
}

async function load(call: Call, { account, kind, id }: Arn): Promise<Tagged | undefined> {
  const { rooms, loggingConfigurations } = call.services.store;
  if (kind === 'room') {
    const room = await rooms.get(account, id);
    return room && { kind, room };
  }
  const configuration = await loggingConfigurations.get(account, id);
  return configuration && { kind, configuration };
}

function tagsOf(tagged: Tagged): Tags {
  return tagged.kind === 'room' ? tagged.room.tags : tagged.configuration.tags;
}

function typeOf(kind: ResourceKind): ResourceType {
  return kind === 'room' ? 'ROOM' : 'LOGGING_CONFIGURATION';
}

function idIn(arn: string): string {
  return arn.slice(arn.indexOf('/') + 1);
}
