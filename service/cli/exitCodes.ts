/** Exit codes of the command line (docs/cli.md lists them). */
import type { ErrorCode } from '../../shared/errors.ts';

export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  portTaken: 3,
  storage: 4,
  alreadyRunning: 5,
  badInput: 6,
  model: 7,
  stopped: 130,
} as const;

export function exitCodeOf(code: ErrorCode): number {
  if (code === 'E_PARAM' || code === 'E_USAGE') return exitCodes.usage;
  if (code === 'E_PORT_TAKEN') return exitCodes.portTaken;
  if (code === 'E_STORAGE' || code === 'E_DISK_FULL') return exitCodes.storage;
  if (code === 'E_ALREADY_RUNNING') return exitCodes.alreadyRunning;
  if (code === 'E_CANCELLED') return exitCodes.stopped;
  if (code.startsWith('E_MODEL')) return exitCodes.model;
  if (/^E_(IMAGE|MASK|PROMPT|RECIPE|SAMPLER|SCHEDULE|OUTPUT_TYPE|FILE|EXPAND)/.test(code)) {
    return exitCodes.badInput;
  }
  return exitCodes.failed;
}
