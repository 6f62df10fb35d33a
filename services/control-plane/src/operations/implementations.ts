import type { additions } from '../additions/operations.ts';
import type { Call } from '../call.ts';
import type { OperationName } from '../every-operation.ts';
import type { JsonText } from '../json-text.ts';
import type { Input, Output } from '../model/shapes.ts';
import { createChatToken } from './create-chat-token.ts';
import { createLoggingConfiguration } from './create-logging-configuration.ts';
import { createRoom } from './create-room.ts';
import { deleteLoggingConfiguration } from './delete-logging-configuration.ts';
import { deleteMessage } from './delete-message.ts';
import { deleteRoom } from './delete-room.ts';
import { disconnectUser } from './disconnect-user.ts';
import { getLoggingConfiguration } from './get-logging-configuration.ts';
import { getRoom } from './get-room.ts';
import { listLoggingConfigurations } from './list-logging-configurations.ts';
import { listMessages } from './list-messages.ts';
import { listRooms } from './list-rooms.ts';
import { listTagsForResource } from './list-tags-for-resource.ts';
import { sendEvent } from './send-event.ts';
import { tagResource } from './tag-resource.ts';
import { untagResource } from './untag-resource.ts';
import { updateLoggingConfiguration } from './update-logging-configuration.ts';
import { updateRoom } from './update-room.ts';

type Answered<O extends OperationName> = O extends keyof typeof additions ? JsonText : Output<O>;

type Implementations = {
  readonly [O in OperationName]: (call: Call, input: Input<O>) => Promise<Answered<O>>;
};

const table: Implementations = {
  CreateChatToken: createChatToken,
  CreateLoggingConfiguration: createLoggingConfiguration,
  CreateRoom: createRoom,
  DeleteLoggingConfiguration: deleteLoggingConfiguration,
  DeleteMessage: deleteMessage,
  DeleteRoom: deleteRoom,
  DisconnectUser: disconnectUser,
  GetLoggingConfiguration: getLoggingConfiguration,
  GetRoom: getRoom,
  ListLoggingConfigurations: listLoggingConfigurations,
  ListMessages: listMessages,
  ListRooms: listRooms,
  ListTagsForResource: listTagsForResource,
  SendEvent: sendEvent,
  TagResource: tagResource,
  UntagResource: untagResource,
  UpdateLoggingConfiguration: updateLoggingConfiguration,
  UpdateRoom: updateRoom,
};

/** All operations by name, for input that was validated against the operation's own shape. */
export const implementations = table as Readonly<
  Record<OperationName, (call: Call, input: unknown) => Promise<unknown>>
>;
