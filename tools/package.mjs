/**
 * npm run package: builds the Photoshop panel into dist/panel (to be loaded with the UXP Developer
 * Tool) and packs it as dist/<id>_PS.ccx (to be installed by a double click).
 */
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ccxName, makeCcx, problemsOfPanel, readPanelFiles } from './ccx.mjs';
import { problemsOfManifest } from './panelManifest.mjs';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

const vite = path.join(root, 'node_modules/vite/bin/vite.js');
const built = spawnSync(
  process.execPath,
  [vite, 'build', '--mode', 'panel', '--logLevel', 'warn'],
  {
    cwd: root,
    stdio: 'inherit',
    // A development build of React breaks on what UXP lacks.
    env: { ...process.env, NODE_ENV: 'production' },
  },
);
if (built.status !== 0) process.exit(built.status ?? 1);

const files = await readPanelFiles(path.join(root, 'dist/panel'));
const manifest = JSON.parse(await readFile(path.join(root, 'manifest.json'), 'utf8'));
const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
const problems = [
  ...problemsOfManifest(manifest, { files: Object.keys(files), version }),
  ...problemsOfPanel(files),
];
if (problems.length > 0) {
  for (const problem of problems) console.error(problem);
  process.exit(1);
}
const packed = makeCcx(files);
const target = path.join('dist', ccxName(manifest));
await writeFile(path.join(root, target), packed);
console.log(`dist/panel/manifest.json  to load with the UXP Developer Tool`);
console.log(`${target}  to install (${Math.round(packed.length / 1024)} KiB)`);
