import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { freeBuffersAtOnce } from '../../service/bigGarbage.ts';

/** For glibc: as the engine is started (service/config.ts). Other systems do not read it. */
const environment = {
  GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4194304',
};

/**
 * Whether this process has the engine's environment. If not, the program of that URL has now been run again with it,
 * as have the programs it starts, and nothing is left to do.
 */
export function runsAsEngine(url: string): boolean {
  if (process.env['GLIBC_TUNABLES'] === environment.GLIBC_TUNABLES) {
    freeBuffersAtOnce();
    return true;
  }
  const again = [...process.execArgv, fileURLToPath(url), ...process.argv.slice(2)];
  const env = { ...process.env, ...environment };
  const { status } = spawnSync(process.execPath, again, { stdio: 'inherit', env });
  process.exitCode = status ?? 1;
  return false;
}
