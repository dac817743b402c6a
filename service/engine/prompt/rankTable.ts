/** Merge ranks of pairs of ids: an open hash table in one typed array. */

/** Twice the number of merges and more, a power of two: short chains. */
const slots = 2 ** 17;

export class RankTable {
  /** Key and rank, alternately. */
  readonly #table = new Int32Array(2 * slots).fill(-1);

  /** Two ids below 65,536; the pair must be new. */
  set(left: number, right: number, rank: number): void {
    const key = (left << 16) | right;
    let at = placeOf(key);
    while (this.#table[at + 1] !== -1) at = (at + 2) % (2 * slots);
    this.#table[at] = key;
    this.#table[at + 1] = rank;
  }

  /** -1 for a pair that is never merged. */
  get(left: number, right: number): number {
    const table = this.#table;
    const key = (left << 16) | right;
    let at = placeOf(key);
    while (table[at + 1] !== -1) {
      if (table[at] === key) return table[at + 1]!;
      at = (at + 2) & (2 * slots - 1);
    }
    return -1;
  }
}

/** The upper bits of a multiplicative hash (Knuth). */
function placeOf(key: number): number {
  return (Math.imul(key, 0x9e3779b1) >>> 15) * 2;
}
