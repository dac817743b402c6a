/** What networks may take of the memory: a share of it ("60%"), or an amount ("12GB"). */

/** Of the memory of the machine, or of a device that tells how much it has. */
export const defaultMemoryBudget = '60%';

const pattern = /^(\d+(?:\.\d+)?) ?(%|MB|MiB|GB|GiB)$/i;
const units: Readonly<Record<string, number>> = {
  mb: 1e6,
  mib: 1024 ** 2,
  gb: 1e9,
  gib: 1024 ** 3,
};
/** Less would not hold the smallest network of any model; more is a typing error. */
const [leastBytes, mostBytes] = [100e6, 100e12];

/**
 * In bytes, of `totalBytes` (Infinity where nobody knows them). Undefined for text that is neither a
 * share from 1 % to 100 % nor an amount from 100 MB on.
 */
export function memoryBudgetBytes(text: string, totalBytes: number): number | undefined {
  const [, digits, unit] = pattern.exec(text.trim()) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  const value = Number(digits);
  if (unit === '%') return value >= 1 && value <= 100 ? (value / 100) * totalBytes : undefined;
  const bytes = value * (units[unit.toLowerCase()] ?? NaN);
  return bytes >= leastBytes && bytes <= mostBytes ? bytes : undefined;
}
