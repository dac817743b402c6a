import { cpus, loadavg } from 'node:os';

/** What the figures were measured on, and how busy it was. */
export function machineLine(): string {
  const cores = cpus();
  const load = loadavg()[0].toFixed(1);
  const model = cores[0]?.model.trim() ?? 'unknown processor';
  return `${cores.length} x ${model}, Node ${process.versions.node}, load ${load}`;
}
