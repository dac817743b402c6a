// npm run cases -- [KIND...] : the reference cases alone.
import { spawnSync } from 'node:child_process';

const run = spawnSync('npx', ['vitest', 'run', 'test/reference/cases.test.ts'], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
  env: { ...process.env, PENTIMENTO_KINDS: process.argv.slice(2).join(',') },
});
process.exit(run.status ?? 1);
