import type { Capability } from '@roomstream/protocol/capabilities';
import type { ErrorCode } from '@roomstream/protocol/errors';
import type { Registry } from '@roomstream/runtime/metrics';
import { Counter, Gauge } from 'prom-client';

/** Actions as the guide's metrics name them: those of the messaging API, and the control plane's SendEvent. */
export type Action = Capability | 'SEND_EVENT';

/** How a handshake ended. */
export type HandshakeOutcome =
  | 'admitted'
  | 'gone'
  | 'no_token'
  | 'invalid_token'
  | 'expired_token'
  | 'used_token'
  | 'room_not_found'
  | 'connection_quota'
  | 'draining'
  | 'busy'
  | 'unavailable';

/** What the gateway counts. The first five are the guide's (namespace AWS/IVSChat), under Prometheus names. */
export type Metrics = ReturnType<typeof openGatewayMetrics>;

/** What gauges read when they are collected. */
export type Gauges = {
  readonly connections: () => number;
  readonly rooms: () => number;
  readonly handshakesWaiting: () => number;
};

/** Registers the gateway's metrics. */
export function openGatewayMetrics(registry: Registry, gauges: Gauges) {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge(
    'roomstream_concurrent_chat_connections',
    'Open connections (ConcurrentChatConnections).',
    gauges.connections,
  );
  gauge('roomstream_gateway_rooms', 'Rooms that this gateway follows.', gauges.rooms);
  gauge('roomstream_handshakes_waiting', 'Handshakes that wait for their turn.', gauges.handshakesWaiting);
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Counter<L>({ name, help, labelNames, registers });
  const deliveries = counter(
    'roomstream_deliveries_total',
    'Frames handed to connections, by the action that made them (Deliveries).',
    'action',
  );
  const messagingDeliveries = counter(
    'roomstream_messaging_deliveries_total',
    'Frames handed to connections (Messaging Deliveries).',
  );
  const requests = counter(
    'roomstream_requests_total',
    'Requests of clients, by action (Requests).',
    'action',
  );
  const messagingRequests = counter(
    'roomstream_messaging_requests_total',
    'Requests of clients, valid or not (Messaging Requests).',
  );
  const errors = counter('roomstream_errors_total', 'ERROR frames sent, by ErrorCode.', 'code');
  const handshakes = counter('roomstream_handshakes_total', 'Handshakes by outcome.', 'outcome');
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
  const gaps = counter(
    'roomstream_gateway_gaps_total',
    'Rooms whose connections may have missed frames.',
    'reason',
  );
  return {
    request: (action: Capability) => requests.inc({ action }),
    messagingRequest: () => messagingRequests.inc(),
    delivered: (action: Action, connections: number) => {
      deliveries.inc({ action }, connections);
      messagingDeliveries.inc(connections);
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
