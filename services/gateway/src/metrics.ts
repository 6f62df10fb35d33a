import { type Capability, capabilities } from '@roomstream/protocol/capabilities';
import { type ErrorCode, errorCode } from '@roomstream/protocol/errors';
import { openMeters } from '@roomstream/runtime/meters';
import type { Registry } from '@roomstream/runtime/metrics';

/** Actions as the guide's metrics name them: those of the messaging API, and the control plane's SendEvent. */
export type Action = Capability | 'SEND_EVENT';

/** How a handshake ended. */
export type HandshakeOutcome = (typeof handshakeOutcomes)[number];

const handshakeOutcomes = [
  'admitted',
  'gone',
  'bad_request',
  'no_token',
  'invalid_token',
  'expired_token',
  'used_token',
  'room_not_found',
  'connection_quota',
  'draining',
  'busy',
  'unavailable',
] as const;

/** What the gateway counts. The first five are the guide's (namespace AWS/IVSChat), under Prometheus names. */
export type Metrics = ReturnType<typeof openGatewayMetrics>;

/** What gauges read when they are collected. */
export type Gauges = {
  readonly connections: () => number;
  readonly rooms: () => number;
  readonly handshakesWaiting: () => number;
  readonly isDraining: () => boolean;
};

/** Registers the gateway's metrics. */
export function openGatewayMetrics(registry: Registry, gauges: Gauges) {
  const { counter, counterBy, gauge, histogram, tally, tallyBy, tallyHistogram } = openMeters(registry);
  gauge(
    'roomstream_concurrent_chat_connections',
    'Open connections (ConcurrentChatConnections).',
    gauges.connections,
  );
  gauge('roomstream_gateway_rooms', 'Rooms that this gateway follows.', gauges.rooms);
  gauge('roomstream_handshakes_waiting', 'Handshakes that wait for their turn.', gauges.handshakesWaiting);
  gauge(
    'roomstream_gateway_draining',
    '1 from SIGTERM to the end.',
    () => (gauges.isDraining() ? 1 : 0),
    'max',
  );
  const deliveries = tallyBy<Action>(
    'roomstream_deliveries_total',
    'Frames handed to connections, by the action that made them (Deliveries).',
    'action',
    [...capabilities, 'SEND_EVENT'],
  );
  const messagingDeliveries = tally(
    'roomstream_messaging_deliveries_total',
    'Frames handed to connections (Messaging Deliveries).',
  );
  const requests = tallyBy<Capability>(
    'roomstream_requests_total',
    'Requests of clients, by action (Requests).',
    'action',
    capabilities,
  );
  const messagingRequests = tally(
    'roomstream_messaging_requests_total',
    'Requests of clients, valid or not (Messaging Requests).',
  );
  const errors = counterBy('roomstream_errors_total', 'ERROR frames sent, by ErrorCode.', {
    code: Object.values(errorCode),
  });
  const handshakes = counterBy('roomstream_handshakes_total', 'Handshakes by outcome.', {
    outcome: handshakeOutcomes,
  });
  const slowReaders = counter(
    'roomstream_slow_readers_total',
    'Connections cut because their queue was full.',
  );
  const sessionsEnded = counter(
    'roomstream_sessions_ended_total',
    'Sessions that reached their end (ERROR 401).',
  );
  const drainRounds = counter('roomstream_drain_rounds_total', 'Rounds of ERROR 401 sent while draining.');
  const drained = counter(
    'roomstream_drained_connections_total',
    'Connections that got ERROR 401 while draining.',
  );
  const gaps = counterBy('roomstream_gateway_gaps_total', 'Rooms whose connections may have missed frames.', {
    reason: ['trimmed', 'ids-went-back'],
  });
  const deliverySeconds = tallyHistogram(
    'roomstream_delivery_seconds',
    'Time from the moment at which Redis added a frame to its stream until it was written to a connection, for every delivery; frames that are written together count as late as the oldest of them.',
    [0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  );
  const batches = histogram(
    'roomstream_fanout_batch_frames',
    'Frames of a busy room that were written to its connections together; those that went at once are not in it.',
    [1, 2, 4, 8, 16, 32],
  );
  const collecting = histogram(
    'roomstream_fanout_collecting_seconds',
    'How long frames of a busy room were collected before they were written.',
    [0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1],
  );
  const recoveries = counterBy(
    'roomstream_recoveries_total',
    'Users who came back after a connection that didn’t end cleanly: `recovered` got all that they had missed, `partial` not, for `nothing` there was nothing.',
    { outcome: ['recovered', 'partial', 'nothing'] },
  );
  const recovered = counter(
    'roomstream_recovered_frames_total',
    'Frames that were sent again to users who came back.',
  );
  const missed = counter(
    'roomstream_recovery_missed_frames_total',
    'Frames that users who came back had missed and did not get, as far as they could be counted.',
  );
  const recovering = histogram(
    'roomstream_recovery_seconds',
    'From the handshake of a user who comes back until all that he gets is there.',
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5],
  );
  const probes = counterBy(
    'roomstream_probes_total',
    'Connections that were asked for, when their user opened another one, whether they are truly alive.',
    { outcome: ['alive', 'lost', 'unanswered'] },
  );
  return {
    recovered: (
      outcome: 'recovered' | 'partial' | 'nothing',
      frames: number,
      lost: number,
      seconds: number,
    ) => {
      recoveries.inc({ outcome });
      recovered.inc(frames);
      missed.inc(lost);
      recovering.observe(seconds);
    },
    probed: (outcome: 'alive' | 'lost' | 'unanswered', connections: number) => {
      if (connections > 0) probes.inc({ outcome }, connections);
    },
    request: (action: Capability) => requests.add(action, 1),
    messagingRequest: () => messagingRequests.add(1),
    delivered: (action: Action, connections: number) => {
      deliveries.add(action, connections);
      messagingDeliveries.add(connections);
    },
    /** So many deliveries were written, that long after they were published. */
    written: (count: number, seconds: number) => deliverySeconds.add(seconds, count),
    /** So many frames of a busy room were written together, the first of which had waited. */
    collected: (frames: number, waitedSeconds: number) => {
      batches.observe(frames);
      collecting.observe(waitedSeconds);
    },
    error: (code: ErrorCode) => errors.inc({ code }),
    handshake: (outcome: HandshakeOutcome) => handshakes.inc({ outcome }),
    slowReader: () => slowReaders.inc(),
    sessionEnded: () => sessionsEnded.inc(),
    drainRound: (connections: number) => {
      drainRounds.inc();
      drained.inc(connections);
    },
    gap: (reason: 'trimmed' | 'ids-went-back', rooms: number) => gaps.inc({ reason }, rooms),
  };
}
