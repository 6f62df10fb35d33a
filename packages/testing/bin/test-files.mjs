import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const minute = 60_000;

/** Kinds of tests in the order in which they run, by the folder under dist; a file must end within the time. */
const kinds = [
  { kind: 'unit and integration', folders: ['src', 'test'], timeoutMs: 5 * minute },
  { kind: 'conformance', folders: ['conformance'], timeoutMs: 12 * minute },
  { kind: 'fault', folders: ['fault'], timeoutMs: 8 * minute },
];

/**
 * Compiled test files by kind, as paths from the root. A file whose source is gone (tsc leaves its output behind) isn't
 * one. Filters are parts of the source's or the output's path.
 */
export function testFiles(root, filters = []) {
  const inAreas = ['packages', 'services'].flatMap((area) =>
    readdirSync(join(root, area)).map((name) => `${area}/${name}`),
  );
  const packages = [...inAreas, 'loadtest', 'deploy'];
  return kinds.map(({ kind, folders, timeoutMs }) => {
    const files = packages.flatMap((path) => folders.flatMap((folder) => compiledTests(root, path, folder)));
    return { kind, timeoutMs, files: files.filter((file) => matches(file, filters)) };
  });
}

function compiledTests(root, path, folder) {
  const output = join(root, path, 'dist', folder);
  if (!existsSync(output)) return [];
  return readdirSync(output, { recursive: true })
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => `${path}/dist/${folder}/${name}`)
    .filter((file) => existsSync(join(root, sourceOf(file))))
    .sort();
}

function sourceOf(file) {
  return file.replace('/dist/', '/').replace(/\.js$/, '.ts');
}

function matches(file, filters) {
  return (
    filters.length === 0 || filters.some((filter) => file.includes(filter) || sourceOf(file).includes(filter))
  );
}
