import { busSettings } from '@roomstream/bus/bus-settings';
import { reportSettings } from '@roomstream/cloudwatch/cloudwatch-settings';
import { awsAccess } from '@roomstream/runtime/aws-access';
import { region } from '@roomstream/runtime/region';
import { integer, optionalText } from '@roomstream/runtime/setting-kinds';
import type { SettingsTable } from '@roomstream/runtime/settings';
import { quotaSettings } from '@roomstream/store/quotas';

/** How Lambda is reached. */
export const lambdaAccess = awsAccess({
  prefix: 'lambda',
  area: 'LAMBDA',
  name: 'Lambda',
  sdkEndpoint: 'AWS_ENDPOINT_URL_LAMBDA',
  rights: 'lambda:InvokeFunction',
});

/** Settings of the review worker alone. */
const ownSettings = {
  region,
  handlersFile: optionalText({
    env: 'ROOMSTREAM_REVIEW_HANDLERS_FILE',
    about:
      'JSON file that says where message review handlers live: `{"handlers":{"<function ARN, * and ? allowed>":{"lambda":{"endpoint":"<URL>"}} or {"webhook":{"url":"<URL>","secret":"<text>"}}}}`; the first pattern that matches counts. What none matches is invoked in Lambda. Re-read when it changes; a broken one is refused and logged, the previous stays.',
  }),
  ...lambdaAccess.table,
  concurrency: integer(
    {
      env: 'ROOMSTREAM_REVIEW_CONCURRENCY',
      fallback: '1000',
      about: 'Messages that a worker has in hand at once at most; the rest wait in Redis, for any worker.',
    },
    1,
    100_000,
  ),
  handlerConcurrency: integer(
    {
      env: 'ROOMSTREAM_REVIEW_HANDLER_CONCURRENCY',
      fallback: '200',
      about:
        'Invocations of one handler by one worker at once at most, so that a slow handler delays no other.',
    },
    1,
    100_000,
  ),
  handlerWaitMs: integer(
    {
      env: 'ROOMSTREAM_REVIEW_HANDLER_WAIT_MS',
      fallback: '100',
      about:
        'How long a message waits for its turn while that many invocations of its handler run; then fallbackResult, as when Lambda throttles.',
    },
    0,
    60_000,
  ),
  deadlineMarginMs: integer(
    {
      env: 'ROOMSTREAM_REVIEW_DEADLINE_MARGIN_MS',
      fallback: '1000',
      about:
        'A message that is older than the account’s messageReviewTimeoutMs and this gets fallbackResult without an invocation.',
    },
    0,
    600_000,
  ),
  claimMs: integer(
    {
      env: 'ROOMSTREAM_REVIEW_CLAIM_MS',
      fallback: '2000',
      about:
        'A message that a worker hasn’t settled after this long is claimed by another one, which settles it by fallbackResult once its deadline is over. The same for all workers.',
    },
    100,
    600_000,
  ),
  breakerFailures: integer(
    {
      env: 'ROOMSTREAM_REVIEW_BREAKER_FAILURES',
      fallback: '20',
      about:
        'Failed invocations of a handler in a row (not invalid answers) after which it isn’t invoked for a while: fallbackResult at once. 0: never.',
    },
    0,
    1_000_000,
  ),
  breakerLeastMs: integer(
    {
      env: 'ROOMSTREAM_REVIEW_BREAKER_LEAST_MS',
      fallback: '1000',
      about:
        'Over at least so long: one short standstill, in which all that is under way fails at once, doesn’t count as that.',
    },
    0,
    3_600_000,
  ),
  breakerOpenMs: integer(
    {
      env: 'ROOMSTREAM_REVIEW_BREAKER_OPEN_MS',
      fallback: '5000',
      about: 'For how long; then one message is tried, and its outcome decides.',
    },
    1,
    3_600_000,
  ),
  metricUris: integer(
    {
      env: 'ROOMSTREAM_REVIEW_METRIC_URIS',
      fallback: '200',
      about: 'Handlers that have metrics of their own (label `uri`) at most; the others share `other`.',
    },
    0,
    100_000,
  ),
} satisfies SettingsTable;

/** All settings of the review worker. */
export const reviewWorkerSettings = {
  ...ownSettings,
  ...busSettings,
  ...quotaSettings,
  ...reportSettings,
} satisfies SettingsTable;
