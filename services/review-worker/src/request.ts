import type { Review } from '@roomstream/bus/review';
import { formatArn } from '@roomstream/protocol/arn';

/** Renders what a handler gets (guide, "Request Syntax"). */
export function encodeRequest(review: Review, region: string): string {
  const { account, room, id, content, attributes, sender } = review;
  return JSON.stringify({
    Content: content,
    MessageId: id,
    RoomArn: formatArn({ region, account, kind: 'room', id: room }),
    Attributes: attributes,
    Sender: { Attributes: sender.attributes, UserId: sender.userId, Ip: sender.ip },
  });
}
