// npm run cases -- [KIND...] : the reference cases alone.
import { checkNode, ensureInstalled, run, tool } from './setup.mjs';

checkNode();
ensureInstalled();
const env = { ...process.env, PENTIMENTO_KINDS: process.argv.slice(2).join(',') };
process.exit(run(tool('vitest'), ['run', 'test/reference/cases.test.ts'], { env }));
