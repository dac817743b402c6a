// npm run bench [-- NAME...]: builds and runs the programs of bench/, which print a table.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureReady, root, run, tool } from './setup.mjs';

ensureReady();
if (run(tool('tsc'), ['-b', 'bench']) !== 0) process.exit(1);
const asked = process.argv.slice(2);
const names = readdirSync(join(root, 'bench'))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.slice(0, -3))
  .filter((name) => asked.length === 0 || asked.includes(name));
let failed = 0;
for (const name of names)
  failed += run('node', [join('dist', 'bench', `${name}.js`)]) === 0 ? 0 : 1;
process.exit(failed > 0 ? 1 : 0);
