import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { defaultOf, scenarioNames, settingsTable } from '../lib/pure/settings.ts';
import { costNames, costs } from '../src/costs.ts';
import { readmeTables, withTables } from '../src/readme-tables.ts';
import { runProgram } from './run-program.ts';

const root = new URL('../../', import.meta.url);
const readme = readFileSync(new URL('README.md', root), 'utf8');

describe('the README of load tests', () => {
  test('shows the tables as the programs make them (npm run tables -w loadtest)', () => {
    for (const name of Object.keys(readmeTables())) assert.ok(readme.includes(`<!-- ${name} -->`), name);
    assert.equal(readme, withTables(readme));
  });

  test('has a row for each script, whose command names the script and settings that it has', () => {
    for (const name of scenarioNames) {
      const row = readme.split('\n').find((line) => line.startsWith(`| [${name}](scenarios/${name}.ts) |`));
      assert.ok(row !== undefined, name);
      assert.ok(row.includes(`loadtest/scenarios/${name}.ts`), name);
      assert.ok(existsSync(new URL(`scenarios/${name}.ts`, root)));
      for (const [, setting = ''] of row.matchAll(/-e (\w+)=/g)) {
        assert.ok(setting in settingsTable, setting);
        assert.notEqual(
          defaultOf(setting as keyof typeof settingsTable, name),
          undefined,
          `${name} ${setting}`,
        );
      }
    }
  });

  test('names every metric of the scripts', () => {
    const named = new Set([...readme.matchAll(/`((?:chat|server)_\w+)/g)].map(([, metric]) => metric));
    const sources = ['metrics', 'come-back', 'moderator', 'memory'].map((name) => `lib/${name}.ts`);
    for (const source of [...sources, 'scenarios/storm.ts']) {
      const text = readFileSync(new URL(source, root), 'utf8');
      for (const [, metric] of text.matchAll(/new (?:Trend|Counter|Rate|Gauge)\('(\w+)'/g)) {
        assert.ok(named.has(metric), metric);
      }
    }
  });
});

test('every cost says which run measured it', () => {
  for (const name of costNames) {
    const { value, command, date, commit, machine } = costs[name].measured;
    assert.ok(value > 0, name);
    assert.match(date, /^\d{4}-\d\d-\d\d$/, name);
    assert.match(commit, /^[0-9a-f]{12}$/, name);
    assert.ok(command !== '' && machine !== '', name);
  }
});

describe('npm run simulate', () => {
  test('prints what each number of viewers needs, and the quotas', async () => {
    const args = ['--viewers', '10000', '--viewers', '2000000', '--cells', '2', '--refresh-seconds', '0'];
    const { status, output } = await runProgram('simulate', args);
    assert.equal(status, 0, output);
    assert.match(output, /^\| viewers \| 10,000 in 2 cells \| 2,000,000 in 2 cells \|\n/);
    assert.match(output, /\n\| \*\*gateways\*\* .*\n/);
    assert.match(output, /\n\| `connections` \| 1500000 \|\n/);
  });

  test('says what is wrong with an option', async () => {
    const { status, output } = await runProgram('simulate', ['--viewers', 'many']);
    assert.deepEqual([status, output], [1, "viewers can't be NaN\n"]);
    assert.match((await runProgram('simulate', ['--viewrs', '1'])).output, /Unknown option '--viewrs'/);
  });

  test('explains itself without viewers, and with --help', async () => {
    assert.equal((await runProgram('simulate', [])).status, 1);
    const { status, output } = await runProgram('simulate', ['--help']);
    assert.equal(status, 0);
    assert.match(
      output,
      /--connections-per-gateway <number>\s+connections of a gateway process at most \(10000\)/,
    );
  });
});
