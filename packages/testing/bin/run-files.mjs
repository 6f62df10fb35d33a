import { join } from 'node:path';
import { run } from 'node:test';
import { inspect } from 'node:util';

const concurrency = 2;
const mostOutput = 20_000;

/** Runs test files, two at a time, each in a process of its own; prints each when it ends and adds to `counts`. */
export async function runFiles(root, files, timeoutMs, counts) {
  const waiting = [...files];
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const result = await runFile(join(root, file), timeoutMs);
      print(file, result);
      counts.passed += result.passed;
      counts.failed += result.failures.length;
      counts.skipped += result.skips.length;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}

async function runFile(path, timeoutMs) {
  const begun = Date.now();
  const result = { passed: 0, failures: [], skips: [], output: '', ms: 0 };
  const suites = [];
  for await (const { type, data } of run({ files: [path], timeout: timeoutMs })) {
    if (type === 'test:start') suites[data.nesting] = data.name;
    if (type === 'test:stdout' || type === 'test:stderr') {
      result.output = (result.output + data.message).slice(-mostOutput);
    }
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const name = [...suites.slice(0, data.nesting), data.name].join(' > ');
    judge(type, name, data, result);
  }
  result.ms = Date.now() - begun;
  return result;
}

/** Counts one event; a suite counts only when it is skipped whole, or fails for a reason of its own. */
function judge(type, name, data, result) {
  const reason = data.skip ?? data.todo;
  const isSuite = data.details.type === 'suite';
  if (reason !== undefined && reason !== false) {
    const why = typeof reason === 'string' ? reason : '';
    // What a newcomer may lack, a build machine must have.
    if (process.env.CI === 'true' && why.startsWith('needs ')) result.failures.push({ name, error: why });
    else result.skips.push({ name, why });
  } else if (type === 'test:pass') {
    if (!isSuite) result.passed += 1;
  } else if (data.details.error?.failureType !== 'subtestsFailed') {
    result.failures.push({ name, error: data.details.error });
  }
}

function print(file, { passed, failures, skips, output, ms }) {
  const skipped = skips.length === 0 ? '' : `, ${skips.length} skipped`;
  const failed = failures.length === 0 ? '' : `, ${failures.length} failed`;
  console.log(`${failures.length === 0 ? '✔' : '✖'} ${file} (${passed} passed${failed}${skipped}, ${ms} ms)`);
  for (const { name, why } of skips) console.log(`  - skipped: ${name}${why === '' ? '' : `: ${why}`}`);
  for (const { name, error } of failures) console.log(`  ✖ ${name}\n${indented(errorText(error))}`);
  if (failures.length > 0 && output.trim() !== '') console.log(`    output:\n${indented(output.trim())}`);
}

function errorText(error) {
  if (typeof error === 'string') return error;
  const cause = error?.cause ?? error;
  return typeof cause?.stack === 'string' ? inspect(cause) : inspect(cause ?? 'no reason given');
}

function indented(text) {
  return text.replace(/^/gm, '    ');
}
