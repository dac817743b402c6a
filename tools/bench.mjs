// npm run bench [-- NAME... --FLAGS]: builds and runs the programs of bench/, which print tables.
// Each file directly in bench/ is a program; what they share lies in bench/measure/.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureReady, root, run } from './setup.mjs';

ensureReady();
const programs = readdirSync(join(root, 'bench'))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.slice(0, -3));
const given = process.argv.slice(2);
const firstFlag = given.findIndex((word) => word.startsWith('-'));
const names = firstFlag < 0 ? given : given.slice(0, firstFlag);
const flags = firstFlag < 0 ? [] : given.slice(firstFlag);
const unknown = names.filter((name) => !programs.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`No program ${unknown.join(', ')}; there are: ${programs.join(', ')}\n`);
  process.exit(2);
}
if (run('npx', ['tsc', '-b', 'bench']) !== 0) process.exit(1);
const asked = names.length > 0 ? names : programs;
const failed = asked.filter(
  (name) => run('node', [join('dist', 'bench', `${name}.js`), ...flags]) !== 0,
);
if (failed.length > 0) process.stderr.write(`\nNot measured: ${failed.join(', ')}\n`);
process.exit(failed.length > 0 ? 1 : 0);
