/** What Photoshop's packager and loader ask of a manifest v5, checked before they can refuse it. */

const appVersions = /^\d{1,2}\.\d{1,2}(\.\d{1,2})?$/;
const loopback = ['127.0.0.1', 'localhost'];

/**
 * Sentences that say what is wrong; an empty list when nothing is. `files` are the paths beside the
 * manifest, `version` is package.json's.
 */
export function problemsOfManifest(manifest, { files, version }) {
  const { icons, entrypoints = [] } = manifest;
  const hosts = [manifest.host].flat();
  return [
    ...identityProblems(manifest, version),
    ...hosts.flatMap(hostProblems),
    ...(files.includes(manifest.main) ? [] : [`main: ${manifest.main} is missing`]),
    ...(Array.isArray(icons) && icons.length > 0 ? [] : ['icons: the plugin needs its own']),
    ...entrypoints.flatMap(entrypointProblems),
    ...[...(icons ?? []), ...entrypoints.flatMap((e) => e.icons ?? [])].flatMap((icon) =>
      iconProblems(icon, files),
    ),
    ...domainProblems(manifest.requiredPermissions?.network?.domains),
    ...permissionProblems(manifest.requiredPermissions ?? {}),
  ];
}

function identityProblems({ manifestVersion, id, name, version }, packageVersion) {
  const problems = [];
  if (manifestVersion !== 5) problems.push('manifestVersion: 5 is needed');
  if (!/^[a-zA-Z0-9][\w.-]{4,}$/.test(id ?? '')) problems.push('id: missing or not plain');
  if (name.length < 3 || name.length > 45) problems.push('name: 3 to 45 characters');
  if (!/^\d{1,2}\.\d{1,2}\.\d{1,2}$/.test(version)) problems.push('version: x.y.z of 0 to 99 each');
  if (version !== packageVersion) problems.push(`version: package.json says ${packageVersion}`);
  return problems;
}

function hostProblems({ app, minVersion, data }) {
  const problems = [];
  if (app !== 'PS') problems.push('host.app: PS');
  if (!appVersions.test(minVersion ?? '')) problems.push('host.minVersion: a version');
  // 26.1 brings ResizeObserver; imaging is there since 24.4, selections since 25.0.
  const [major = 0, minor = 0] = (minVersion ?? '').split('.').map(Number);
  if (major < 26 || (major === 26 && minor < 1)) problems.push('host.minVersion: at least 26.1.0');
  if (data?.apiVersion !== 2) problems.push('host.data.apiVersion: 2');
  return problems;
}

function entrypointProblems({ type, id, label, icons, minimumSize }) {
  if (type !== 'panel') return [];
  const problems = [];
  if (!id || !label?.default) problems.push('entrypoints: a panel needs an id and a label');
  if (!Array.isArray(icons) || icons.length === 0) problems.push(`${id}: a panel needs icons`);
  if (!(minimumSize?.width <= 240)) problems.push(`${id}: minimumSize.width at most 240`);
  return problems;
}

/** The manifest names `x.png`; on the disk lie `x@1x.png` and `x@2x.png`. */
function iconProblems({ path, scale = [1], width, height }, files) {
  const problems = scale
    .map((factor) => path.replace(/\.png$/, `@${factor}x.png`))
    .filter((file) => !files.includes(file))
    .map((file) => `icons: ${file} is missing`);
  if (!path.endsWith('.png') || path.includes('@')) problems.push(`icons: ${path} is no PNG name`);
  if (!(width > 0 && height > 0)) problems.push(`icons: ${path} needs width and height`);
  return problems;
}

/** Only this computer, each origin with its scheme and port; "all" in a list is ignored silently. */
function domainProblems(domains) {
  if (!Array.isArray(domains) || domains.length === 0) return ['network.domains: none'];
  return domains.flatMap((domain) => {
    let url;
    try {
      url = new URL(domain);
    } catch {
      return [`network.domains: ${domain} is no origin`];
    }
    const isExact = url.origin === domain && url.protocol === 'http:' && url.port !== '';
    return isExact && loopback.includes(url.hostname)
      ? []
      : [`network.domains: ${domain} is not exactly a loopback origin with its port`];
  });
}

/** `request`: only files that the artist picks. */
const allowed = { network: () => true, localFileSystem: (value) => value === 'request' };

function permissionProblems(permissions) {
  return Object.entries(permissions)
    .filter(([name, value]) => !allowed[name]?.(value))
    .map(([name]) => `requiredPermissions.${name}: not needed, or wider than needed`);
}
