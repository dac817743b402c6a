/** MT19937's next 624 words, four at a time (Matsumoto and Nishimura 1998). */
import { i32, i32x4, SimdFunction, v128, type Code } from '../../simdModule.ts';

/** Words of the generator's state. */
export const stateWords = 624;
/** The state and, behind it, room for the copy of its first words that spares the loops the wrap. */
export const stateBytes = (stateWords + 4) * 4;

const middle = 397;
/** The loops meet here: a multiple of 4 not below 624 - 397, reached with the copied words' help. */
const turn = 228;

/** `twist(state, words)`: byte addresses; advances the state, and writes it tempered to `words`. */
export function twisterKernel(): SimdFunction {
  const fn = new SimdFunction('twist', 2);
  const at = fn.variable(fn.param(0), 'i32');
  const address = fn.value(at);
  const advance = (offset: number): void => fn.store(address, 0, advanced(fn, address, offset));
  const end = (word: number) => fn.keep(i32.add(fn.param(0), i32.of(word * 4)), 'i32');
  advance(middle * 4);
  fn.store(address, stateWords * 4, v128.load(address, 0));
  fn.set(at, i32.add(address, i32.of(16)));
  fn.repeat(at, end(turn), 16, () => advance(middle * 4));
  // From here on the words far ahead are those already renewed. Offsets are not negative.
  fn.repeat(at, end(stateWords), 16, () => {
    const back = fn.keep(i32.add(address, i32.of((middle - stateWords) * 4)), 'i32');
    fn.store(address, 0, v128.xor(v128.load(back, 0), mixed(fn, address)));
  });
  fn.set(at, fn.param(0));
  const to = fn.variable(fn.param(1), 'i32');
  fn.repeat(at, end(stateWords), 16, () => {
    fn.store(fn.value(to), 0, tempered(fn, v128.load(address, 0)));
    fn.set(to, i32.add(fn.value(to), i32.of(16)));
  });
  return fn;
}

function advanced(fn: SimdFunction, address: Code, ahead: number): Code {
  return v128.xor(v128.load(address, ahead), mixed(fn, address));
}

/** The twist of each word with its follower. */
function mixed(fn: SimdFunction, address: Code): Code {
  const next = fn.keep(v128.load(address, 4));
  const top = v128.and(v128.load(address, 0), i32x4.splat(0x80000000));
  const joined = v128.or(top, v128.and(next, i32x4.splat(0x7fffffff)));
  const isOdd = i32x4.sub(i32x4.splat(0), v128.and(next, i32x4.splat(1)));
  return v128.xor(i32x4.shiftRight(joined, 1), v128.and(isOdd, i32x4.splat(0x9908b0df)));
}

function tempered(fn: SimdFunction, words: Code): Code {
  let y = fn.keep(words);
  y = fn.keep(v128.xor(y, i32x4.shiftRight(y, 11)));
  y = fn.keep(v128.xor(y, v128.and(i32x4.shiftLeft(y, 7), i32x4.splat(0x9d2c5680))));
  y = fn.keep(v128.xor(y, v128.and(i32x4.shiftLeft(y, 15), i32x4.splat(0xefc60000))));
  return v128.xor(y, i32x4.shiftRight(y, 18));
}
