// node deploy/image/assemble.mjs <service> <folder>: what runs of a service, and nothing else. The repository is built, and its
// node_modules hold the service's own dependencies (npm ci --omit=dev --workspace=services/<service>).
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const [service, target] = process.argv.slice(2);
if (
  service === undefined ||
  target === undefined ||
  !existsSync(join(root, 'services', service, 'package.json'))
) {
  console.error(
    `usage: assemble.mjs <service> <folder>, the service one of ${readdirSync(join(root, 'services')).join(', ')}`,
  );
  process.exit(1);
}

const workspaces = new Map(
  ['packages', 'services'].flatMap((area) =>
    readdirSync(join(root, area)).map((name) => [`@roomstream/${name}`, `${area}/${name}`]),
  ),
);

/** The folders of a workspace and of all that it needs to run. */
function closure(path, found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  const { dependencies = {} } = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies))
    if (workspaces.has(name)) closure(workspaces.get(name), found);
  return found;
}

const isRun = (file) => !/\.(test|bench)\.js(\.map)?$|\.d\.ts$/.test(file);
const copy = (path, filter = () => true) => {
  if (existsSync(join(root, path))) cpSync(join(root, path), join(target, path), { recursive: true, filter });
};

const needed = closure(`services/${service}`);
mkdirSync(target, { recursive: true });
for (const path of needed) {
  for (const part of ['package.json', 'lua', 'bin']) copy(`${path}/${part}`);
  copy(`${path}/dist/src`, isRun);
}
cpSync(join(root, 'node_modules'), join(target, 'node_modules'), { recursive: true, verbatimSymlinks: true });
for (const [name, path] of workspaces) {
  if (!needed.has(path)) rmSync(join(target, 'node_modules', name), { force: true });
}
for (const tool of ['.bin', '.package-lock.json', '@types']) {
  rmSync(join(target, 'node_modules', tool), { recursive: true, force: true });
}
const uws = join(target, 'node_modules', 'uWebSockets.js');
const binary = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;
for (const file of existsSync(uws) ? readdirSync(uws) : []) {
  if (file.endsWith('.node') && file !== binary) rmSync(join(uws, file));
}
if (existsSync(uws) && !existsSync(join(uws, binary))) {
  console.error(`uWebSockets.js has no ${binary}: it runs neither on this Node nor on this platform.`);
  process.exit(1);
}
for (const file of ['package.json', 'LICENSE']) copy(file);
cpSync(fileURLToPath(new URL('healthy.mjs', import.meta.url)), join(target, 'healthy.mjs'));
writeFileSync(join(target, 'main.mjs'), `import './services/${service}/dist/src/main.js';\n`);
