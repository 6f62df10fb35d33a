import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { repositoryRoot } from '@roomstream/testing/repository-root';
import { needs } from '@roomstream/testing/tools';
import { parse } from 'yaml';
import { alertRules } from '../src/queries.ts';

const run = promisify(execFile);
const folder = join(repositoryRoot(), 'deploy', 'alerts');
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const rules = alertRules(read('roomstream.rules.yaml'));
const readme = read('README.md');

describe('promtool', { skip: needs('promtool') }, () => {
  test('takes the rules', async () => {
    const { stdout } = await run('promtool', ['check', 'rules', join(folder, 'roomstream.rules.yaml')]);
    assert.match(stdout, new RegExp(`SUCCESS: ${rules.length} rules found`));
  });

  test('sees each alert fire when it should, and be silent when it should not', async () => {
    const { stdout } = await run('promtool', ['test', 'rules', 'roomstream.test.yaml'], { cwd: folder });
    assert.match(stdout, /SUCCESS/);
  });
});

test('each alert is tested firing and silent', () => {
  type Case = {
    readonly name: string;
    readonly promql_expr_test: readonly { readonly expr: string; readonly exp_samples: readonly unknown[] }[];
  };
  const { tests } = parse(read('roomstream.test.yaml')) as { tests: readonly Case[] };
  const seen = tests.flatMap(({ name, promql_expr_test: checks }) =>
    checks.map(({ expr, exp_samples: samples }) => {
      const [, alert] = /^count\(ALERTS\{alertname="(\w+)",alertstate="firing"\}\)$/.exec(expr) ?? [];
      const claim = `${alert} ${samples.length === 1 ? 'fires' : 'is silent'}`;
      assert.equal(name, claim, 'a case is called what it shows');
      return claim;
    }),
  );
  assert.deepEqual(
    seen,
    rules.flatMap(({ alert }) => [`${alert} fires`, `${alert} is silent`]),
  );
});

test('each alert has a severity, says what is wrong, and has a section that says what to do', () => {
  const sections = readme.split(/^## /m).slice(1);
  assert.deepEqual(
    sections.map((section) => section.split('\n')[0]),
    rules.map(({ alert }) => alert),
  );
  for (const [at, { alert, labels, annotations }] of rules.entries()) {
    assert.match(alert, /^Roomstream[A-Z]\w+$/);
    assert.ok(labels.severity === 'critical' || labels.severity === 'warning', alert);
    assert.match(annotations.summary ?? '', /^.{10,90}\.$/, alert);
    assert.match(annotations.description ?? '', /^.{20,250}\.$/, alert);
    assert.equal(annotations.runbook, `deploy/alerts/README.md#${alert.toLowerCase()}`);
    for (const part of ['What it means.', 'What to look at.', 'What to do.']) {
      assert.match(sections[at] ?? '', new RegExp(`^\\*\\*${part}\\*\\* .{20}`, 'm'), `${alert}: ${part}`);
    }
  }
});

test('the table of alerts names each with its severity', () => {
  const rows = [...readme.matchAll(/^\| \[(\w+)\]\(#\w+\) \| (\w+) \|/gm)].map(([, ...row]) => row);
  assert.deepEqual(
    rows,
    rules.map(({ alert, labels }) => [alert, labels.severity]),
  );
});

test('links between sections lead somewhere', () => {
  const anchors = new Set(rules.map(({ alert }) => alert.toLowerCase()));
  for (const [, anchor = ''] of readme.matchAll(/\]\(#(\w+)\)/g)) assert.ok(anchors.has(anchor), anchor);
});
