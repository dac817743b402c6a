// Makes a fresh clone ready: installs packages and builds, each only when something changed.
// Plain Node without packages: it runs before any are installed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

export function run(command, args, options = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
    ...options,
  });
  if (result.error) throw result.error;
  return result.status ?? 1;
}

/** A program that a package brought, without npm's start-up time. */
export function tool(name) {
  return join(root, 'node_modules', '.bin', name);
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(
      `Pentimento needs Node 20.19 or newer; this is ${process.versions.node}. See https://nodejs.org`,
    );
  }
}

export function ensureInstalled() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.pentimento-installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  process.stderr.write('Installing packages (the first time takes a minute or two) ...\n');
  // Not "npm ci": it refuses a lock file that was written where a registry lacked another system's binaries.
  const args = ['install', '--no-save', '--include=dev', '--no-audit', '--no-fund'];
  if (
    run('npm', [...args, '--loglevel', 'error'], {
      stdio: ['ignore', 2, 2],
      // Its install script would fetch CUDA libraries; the CPU and WebGPU need nothing more.
      env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
    }) !== 0
  ) {
    fail(
      'The packages could not be installed. Check the network connection and run the command again.',
    );
  }
  writeFileSync(stamp, lock);
}

const sources = [
  'shared',
  'service',
  'plugin',
  'tsconfig.json',
  'vite.config.ts',
  'manifest.json',
  'package-lock.json',
];

function newestChange(path) {
  const info = statSync(path, { throwIfNoEntry: false });
  if (!info) return 0;
  if (!info.isDirectory()) return info.mtimeMs;
  let newest = info.mtimeMs;
  for (const name of readdirSync(path)) newest = Math.max(newest, newestChange(join(path, name)));
  return newest;
}

export function ensureBuilt() {
  const stamp = join(root, 'dist', '.built');
  const built = statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (sources.every((source) => newestChange(join(root, source)) <= built)) return;
  const started = new Date();
  process.stderr.write('Building ...\n');
  mkdirSync(join(root, 'dist'), { recursive: true });
  // React's development build is larger and does not start in UXP.
  const output = { stdio: ['ignore', 2, 2], env: { ...process.env, NODE_ENV: 'production' } };
  if (run(tool('tsc'), ['-b', 'shared', 'service', 'plugin'], output) !== 0)
    fail('The build failed (types).');
  if (run(tool('vite'), ['build', '--logLevel', 'warn'], output) !== 0)
    fail('The build failed (panel and workbench).');
  writeFileSync(stamp, started.toISOString());
  // What was changed while it was built is newer than the stamp.
  utimesSync(stamp, started, started);
}

export function ensureReady() {
  checkNode();
  ensureInstalled();
  ensureBuilt();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ensureReady();
