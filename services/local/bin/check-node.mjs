// Says in one sentence why this Node can't run Roomstream, and ends. It is imported before everything else and uses
// nothing that an old Node lacks.
const versions = [20, 22, 24];
const glibcOfNewer = [2, 38];

const fault = faultOf(process.versions.node, process.platform, glibc());
if (fault !== undefined) {
  console.error(fault);
  process.exit(1);
}

/** What is wrong with a Node version on a platform; undefined when nothing is. */
export function faultOf(version, platform, glibcVersion) {
  const major = Number(version.split('.')[0]);
  if (!versions.includes(major)) {
    return `Roomstream runs on Node 20, 22 or 24, and this is Node ${version}: switch to one of them (for example: nvm install 20).`;
  }
  if (platform !== 'linux') return undefined;
  if (glibcVersion === undefined) {
    return 'Roomstream needs a Linux with glibc (its WebSocket library has no build for musl): use a Debian or Ubuntu based system or image rather than Alpine.';
  }
  const [most = 0, least = 0] = glibcVersion.split('.').map(Number);
  const isOld = most < glibcOfNewer[0] || (most === glibcOfNewer[0] && least < glibcOfNewer[1]);
  if (major > 20 && isOld) {
    return `On Node ${major} Roomstream needs glibc 2.38 or later and this system has ${glibcVersion}: use Node 20 here, or a newer system (Debian 13, Ubuntu 24.04).`;
  }
  return undefined;
}

function glibc() {
  if (process.platform !== 'linux' || process.report === undefined) return undefined;
  // Without it the report looks up the names of all peers, which can take seconds.
  process.report.excludeNetwork = true;
  return process.report.getReport().header.glibcVersionRuntime;
}
