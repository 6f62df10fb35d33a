import { busSettings } from '@roomstream/bus/bus-settings';
import { reportSettings } from '@roomstream/cloudwatch/cloudwatch-settings';
import { region } from '@roomstream/runtime/region';
import { flag, integer, optionalFile, port, text } from '@roomstream/runtime/setting-kinds';
import type { Setting, SettingsTable } from '@roomstream/runtime/settings';
import { trustedProxies } from '@roomstream/runtime/trusted-proxies';
import { historySettings } from '@roomstream/store/history';
import { quotaSettings } from '@roomstream/store/quotas';
import { recordsSettings } from '@roomstream/store/records-settings';
import { tokenSettings } from '@roomstream/token/token-settings';

/** The WebSocket library ends the process, without an error, on an idle timeout outside of these. */
const idleTimeout: Setting<number> = {
  env: 'ROOMSTREAM_GATEWAY_IDLE_TIMEOUT_SECONDS',
  fallback: '60',
  about:
    'A connection that nothing was received from for this long is dropped: 0 (never) or 8 to 960. Pings go at half of it; keep it below the idle timeout of proxies.',
  read: (value) => {
    const seconds = Number(value);
    if (!/^[0-9]+$/.test(value) || (seconds !== 0 && (seconds < 8 || seconds > 960))) {
      throw new Error(`must be 0 or a whole number from 8 to 960, got ${JSON.stringify(value)}`);
    }
    return seconds;
  },
};

/** Settings of the gateway alone. */
const ownSettings = {
  gatewayHost: text({
    env: 'ROOMSTREAM_GATEWAY_HOST',
    fallback: '0.0.0.0',
    about: 'Address that clients connect to.',
  }),
  gatewayPort: port({
    env: 'ROOMSTREAM_GATEWAY_PORT',
    fallback: '8081',
    about: 'Port that clients connect to.',
  }),
  gatewayTlsCertFile: optionalFile({
    env: 'ROOMSTREAM_GATEWAY_TLS_CERT_FILE',
    about: 'Certificate chain, PEM: with it the gateway speaks TLS 1.2 or later itself. Plain when empty.',
  }),
  gatewayTlsKeyFile: optionalFile({
    env: 'ROOMSTREAM_GATEWAY_TLS_KEY_FILE',
    about: 'Private key of the certificate, PEM.',
  }),
  trustedProxies,
  idleTimeoutSeconds: idleTimeout,
  sendsPings: flag({
    env: 'ROOMSTREAM_GATEWAY_SENDS_PINGS',
    fallback: 'true',
    about:
      'Whether idle connections are pinged, which keeps them open; without pings quiet clients are dropped.',
  }),
  maxBackpressureBytes: integer(
    {
      env: 'ROOMSTREAM_GATEWAY_MAX_BACKPRESSURE_BYTES',
      fallback: '1048576',
      about:
        'Bytes that may wait for a slow reader, beyond what the kernel buffers; then it is dropped and comes back.',
    },
    16 * 1024,
    1024 * 1024 * 1024,
  ),
  mostCollectingMs: integer(
    {
      env: 'ROOMSTREAM_GATEWAY_MOST_COLLECTING_MS',
      fallback: '50',
      about:
        'Longest time for which frames of a busy room are collected, to be written to its connections together; the busier the room, the longer. Those of a quiet room go at once. A busy gateway also collects what clients send, for up to 4 ms of it, on the way to Redis. 0: all goes at once.',
    },
    0,
    200,
  ),
  handshakesPerSecond: integer(
    {
      env: 'ROOMSTREAM_GATEWAY_HANDSHAKES_PER_SECOND',
      fallback: '10000',
      about: 'Handshakes begun per second at most; the rest wait.',
    },
    1,
    1_000_000,
  ),
  handshakesUnderWay: integer(
    {
      env: 'ROOMSTREAM_GATEWAY_HANDSHAKES_UNDER_WAY',
      fallback: '512',
      about: 'Handshakes under way at once at most; the rest wait.',
    },
    1,
    100_000,
  ),
  handshakesWaiting: integer(
    {
      env: 'ROOMSTREAM_GATEWAY_HANDSHAKES_WAITING',
      fallback: '50000',
      about: 'Handshakes that may wait; more get 503.',
    },
    // Each waits, if only for the moment until it begins.
    1,
    10_000_000,
  ),
  handshakePatienceMs: integer(
    {
      env: 'ROOMSTREAM_GATEWAY_HANDSHAKE_PATIENCE_MS',
      fallback: '10000',
      about: 'Longest wait of a handshake, in the queue or for Redis; then 503.',
    },
    100,
    60_000,
  ),
  refreshOverlapMs: integer(
    {
      env: 'ROOMSTREAM_GATEWAY_REFRESH_OVERLAP_MS',
      fallback: '250',
      about:
        'How long the next connection of a user who is in the room waits before it opens; it brings what the room said meanwhile. Stock clients drop what is unread on their old connection when the new one opens. 0: not at all.',
    },
    0,
    2_000,
  ),
  mostRecoveredFrames: integer(
    {
      env: 'ROOMSTREAM_RECOVERY_MOST_FRAMES',
      fallback: '1000',
      about: 'Newest frames that a user who comes back gets at most of what he has missed.',
    },
    1,
    100_000,
  ),
  mostRecoveredBytes: integer(
    {
      env: 'ROOMSTREAM_RECOVERY_MOST_BYTES',
      fallback: '1048576',
      about: 'The same in bytes.',
    },
    1024,
    64 * 1024 * 1024,
  ),
  admitWhileDrainingSeconds: integer(
    {
      env: 'ROOMSTREAM_GATEWAY_ADMIT_WHILE_DRAINING_SECONDS',
      fallback: '5',
      about: 'How long a stopping gateway still admits handshakes, until traffic has moved away; then 503.',
    },
    0,
    600,
  ),
  drainSeconds: integer(
    {
      env: 'ROOMSTREAM_GATEWAY_DRAIN_SECONDS',
      fallback: '25',
      about:
        'Over how long a stopping gateway sends its connections away (ERROR 401), evenly: every one fetches a token, so connections / seconds should stay below the rate of CreateChatToken. With the seconds before it less than `ROOMSTREAM_STOP_SECONDS`.',
    },
    0,
    3600,
  ),
  drainPerSecond: integer(
    {
      env: 'ROOMSTREAM_GATEWAY_DRAIN_PER_SECOND',
      fallback: '1000',
      about:
        'Connections that each process of a stopping gateway sends away per second at most; with more than so many in each second of the drain it takes longer. Where CreateChatToken has the quota of IVS, 200.',
    },
    1,
    1_000_000,
  ),
  drainRoundMs: integer(
    {
      env: 'ROOMSTREAM_GATEWAY_DRAIN_ROUND_MS',
      fallback: '1000',
      about: 'Pause between the rounds of a drain.',
    },
    10,
    60_000,
  ),
} satisfies SettingsTable;

/** All settings of the gateway. */
export const gatewaySettings = {
  region,
  ...ownSettings,
  ...busSettings,
  ...recordsSettings,
  ...quotaSettings,
  ...historySettings,
  ...tokenSettings,
  ...reportSettings,
} satisfies SettingsTable;
