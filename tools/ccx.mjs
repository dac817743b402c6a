/** The installable plugin: a .ccx is an unsigned ZIP with the manifest at its root. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { zipSync } from 'fflate';

/** Bytes of every file in the folder by its path with forward slashes; no hidden or lock files. */
export async function readPanelFiles(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = {};
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const full = path.join(entry.parentPath, entry.name);
    const name = path.relative(folder, full).split(path.sep).join('/');
    if (isLeftOut(name)) continue;
    files[name] = new Uint8Array(await readFile(full));
  }
  return files;
}

function isLeftOut(name) {
  return (
    name.split('/').some((part) => part.startsWith('.')) || /\.map$|(^|\/)[^/]*lock/.test(name)
  );
}

/** `<id>_PS.ccx`, as the installer expects it. */
export function ccxName(manifest) {
  return `${manifest.id}_${hostOf(manifest).app}.ccx`;
}

/** The files as one ZIP; the same files give the same bytes. */
export function makeCcx(files) {
  const manifest = JSON.parse(new TextDecoder().decode(files['manifest.json']));
  // A list of hosts fails at installation; only folders that are loaded for development have one.
  const packed = JSON.stringify({ ...manifest, host: hostOf(manifest) }, null, 2);
  const sorted = Object.keys(files)
    .filter((name) => name !== 'manifest.json')
    .sort()
    .map((name) => [name, files[name]]);
  const all = Object.fromEntries([
    ['manifest.json', new TextEncoder().encode(`${packed}\n`)],
    ...sorted,
  ]);
  return zipSync(all, { level: 9, mtime: new Date(1980, 0, 1) });
}

function hostOf(manifest) {
  return [manifest.host].flat()[0];
}

/** What Photoshop cannot load in the built panel; an empty list when nothing is wrong. */
export function problemsOfPanel(files) {
  const textOf = (name) => new TextDecoder().decode(files[name] ?? new Uint8Array());
  const page = textOf('index.html');
  const script = textOf('panel.js');
  const scripts = Object.keys(files).filter((name) => /\.m?js$/.test(name));
  const problems = [];
  if (scripts.join() !== 'panel.js') problems.push(`one script, not ${scripts.join(', ')}`);
  if (/type="module"|crossorigin|modulepreload/.test(page)) problems.push('index.html: modules');
  if (!page.includes('src="panel.js"')) problems.push('index.html does not load panel.js');
  if (/\bimport\s*\(|\bimport\.meta\b|^\s*(import|export)\s/m.test(script)) {
    problems.push('panel.js: module syntax');
  }
  if (/\beval\s*\(/.test(script)) problems.push('panel.js: eval');
  for (const name of ['photoshop', 'uxp']) {
    if (!new RegExp(`require\\(["'\`]${name}["'\`]\\)`).test(script)) {
      problems.push(`panel.js does not require ${name}`);
    }
  }
  return problems;
}
