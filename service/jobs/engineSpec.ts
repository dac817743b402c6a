/** How the engine's processes are started: one for the networks, one for picture files. */
import { join } from 'node:path';
import type { EngineSpec } from './engineProcess.ts';

export interface EngineConfig {
  readonly packageRoot: string;
  readonly device: string;
  readonly lowMemory: boolean;
  /** As in `memoryBudgetBytes` (shared/memoryBudget.ts). */
  readonly memoryBudget: string;
  readonly cacheDir: string;
  readonly engineEnvironment: Readonly<Record<string, string>>;
}

export function engineSpec(
  config: EngineConfig,
  cwd: string,
  replaced: { readonly enginePath?: string; readonly engineArgs?: readonly string[] },
): (role: 'engine' | 'pictures') => EngineSpec {
  const path = replaced.enginePath ?? join(config.packageRoot, 'dist/service/engine/process.js');
  return (role) => {
    // Decoding needs no device, and must not take the engine's.
    const device = role === 'engine' ? config.device : 'cpu';
    const lowMemory = config.lowMemory ? ['--low-memory'] : [];
    const limits = [...lowMemory, '--memory-budget', config.memoryBudget];
    return {
      path,
      args: replaced.engineArgs ?? ['--device', device, '--cache', config.cacheDir, ...limits],
      cwd,
      env: config.engineEnvironment,
    };
  };
}
