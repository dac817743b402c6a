/** numpy's SeedSequence: well-mixed 32-bit words from an entropy and a spawn key (numpy 2.4). */
import type { Seed } from './mersenneTwister.ts';

const INIT_A = 0x43b0d7e5;
const MULT_A = 0x931e8875;
const INIT_B = 0x8b51f9dd;
const MULT_B = 0x58f38ded;
const MIX_L = 0xca01f9dd;
const MIX_R = 0x4973f715;

function words(value: Seed): number[] {
  let rest = BigInt(value);
  if (rest === 0n) return [0];
  const out: number[] = [];
  for (; rest > 0n; rest >>= 32n) out.push(Number(rest & 0xffffffffn));
  return out;
}

export interface SeedSequenceInput {
  /** Not negative. */
  readonly entropy: Seed;
  readonly spawnKey?: readonly Seed[];
  readonly poolSize: number;
}

/** The first `count` words of generate_state. */
export function seedSequence(input: SeedSequenceInput, count: number): number[] {
  const pool = mixedPool(input);
  let constant = INIT_B;
  return Array.from({ length: count }, (_, i) => {
    let value = (pool[i % pool.length]! ^ constant) >>> 0;
    constant = Math.imul(constant, MULT_B) >>> 0;
    value = Math.imul(value, constant) >>> 0;
    return (value ^ (value >>> 16)) >>> 0;
  });
}

function mixedPool({ entropy, spawnKey = [], poolSize }: SeedSequenceInput): number[] {
  const seeds = words(entropy);
  if (spawnKey.length > 0) while (seeds.length < poolSize) seeds.push(0);
  for (const key of spawnKey) seeds.push(...words(key));
  let constant = INIT_A;
  const hash = (input: number): number => {
    let value = (input ^ constant) >>> 0;
    constant = Math.imul(constant, MULT_A) >>> 0;
    value = Math.imul(value, constant) >>> 0;
    return (value ^ (value >>> 16)) >>> 0;
  };
  const mix = (x: number, y: number): number => {
    const value = (Math.imul(MIX_L, x) - Math.imul(MIX_R, y)) >>> 0;
    return (value ^ (value >>> 16)) >>> 0;
  };
  const pool = Array.from({ length: poolSize }, (_, i) => hash(seeds[i] ?? 0));
  for (let from = 0; from < poolSize; from++) {
    for (let to = 0; to < poolSize; to++) {
      if (from !== to) pool[to] = mix(pool[to]!, hash(pool[from]!));
    }
  }
  for (let from = poolSize; from < seeds.length; from++) {
    for (let to = 0; to < poolSize; to++) pool[to] = mix(pool[to]!, hash(seeds[from]!));
  }
  return pool;
}
