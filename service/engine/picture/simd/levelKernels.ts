/** Levels of pixels of three bytes, four pixels at a time: counted, and looked up. */
import { i32, SimdFunction, v128 } from '../../simdModule.ts';

/** Bytes of four pixels. */
export const levelGroupBytes = 12;
const countBytes = 4 * 256;
/** Counts (uint32) of every second pixel, channel after channel, then those of the others. */
export const levelCounts = { tables: 6, end: 6 * countBytes } as const;

export function levelKernels(): SimdFunction[] {
  return [countKernel(), lookUpKernel()];
}

/**
 * `(from, end)`: adds to the counts at the beginning of the memory. Neighbours are often equal, and counting
 * one waits for the other: every second has counts of its own.
 */
function countKernel(): SimdFunction {
  const fn = new SimdFunction('countLevels', 2);
  const from = fn.variable(fn.param(0), 'i32');
  fn.repeat(from, fn.param(1), levelGroupBytes, () => {
    for (let at = 0; at < levelGroupBytes; at++) {
      const table = (at % levelCounts.tables) * countBytes;
      const entry = fn.keep(i32.shiftLeft(i32.load8(fn.value(from), at), 2), 'i32');
      fn.storeWord(entry, table, i32.add(i32.load(entry, table), i32.of(1)));
    }
  });
  return fn;
}

/** `(from, to, end)`: by the tables of three times 256 bytes at the beginning of the memory. */
function lookUpKernel(): SimdFunction {
  const fn = new SimdFunction('lookUpLevels', 3);
  const from = fn.variable(fn.param(0), 'i32');
  const to = fn.variable(fn.param(1), 'i32');
  const bytes = fn.variable(v128.zero);
  fn.repeat(to, fn.param(2), levelGroupBytes, () => {
    fn.set(bytes, v128.zero);
    for (let at = 0; at < levelGroupBytes; at++) {
      const level = i32.load8(fn.value(from), at);
      fn.set(bytes, v128.load8Lane(level, 256 * (at % 3), fn.value(bytes), at));
    }
    fn.store(fn.value(to), 0, fn.value(bytes));
    fn.set(from, i32.add(fn.value(from), i32.of(levelGroupBytes)));
  });
  return fn;
}
