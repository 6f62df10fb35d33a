/** Resources that have an ARN, spelled as in the ARN. */
export type ResourceKind = 'room' | 'logging-configuration';

/** The parts of an IVS Chat ARN: `arn:aws:ivschat:<region>:<account>:<kind>/<id>`. */
export type Arn = {
  readonly region: string;
  /** Twelve digits. */
  readonly account: string;
  readonly kind: ResourceKind;
  readonly id: string;
};

const pattern = /^arn:aws:ivschat:([a-z0-9-]+):([0-9]+):(room|logging-configuration)\/([a-zA-Z0-9-]+)$/;

/** Renders an ARN. */
export function formatArn(arn: Arn): string {
  return `arn:aws:ivschat:${arn.region}:${arn.account}:${arn.kind}/${arn.id}`;
}

/** Reads an ARN; undefined when `text` isn't one of IVS Chat. */
export function parseArn(text: string): Arn | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, region, account, kind, id] = match as unknown as [string, string, string, ResourceKind, string];
  return { region, account, kind, id };
}
