/**
 * Places waiting by rank: one list for each rank, and a bit for each list that is not empty. Used
 * again and again: whoever takes places takes all of them.
 */
export class RankBuckets {
  /** First place of each list, and each place's neighbours in its list; -1: none. */
  readonly #first: Int32Array;
  #next = new Int32Array(0);
  #previous = new Int32Array(0);
  /** The list each place is in. */
  #rank = new Int32Array(0);
  readonly #filled: Int32Array;

  constructor(ranks: number) {
    this.#first = new Int32Array(ranks).fill(-1);
    this.#filled = new Int32Array(Math.ceil(ranks / 32));
  }

  /** Makes room for places 0 .. count - 1, all in no list. */
  begin(count: number): void {
    if (this.#rank.length < count) {
      this.#next = new Int32Array(count);
      this.#previous = new Int32Array(count);
      this.#rank = new Int32Array(count);
    }
    this.#rank.fill(-1, 0, count);
  }

  /** Puts a place at the head of a list, out of the one it was in; -1: into none. */
  move(place: number, rank: number): void {
    this.#remove(place);
    this.#rank[place] = rank;
    if (rank < 0) return;
    const head = this.#first[rank]!;
    this.#next[place] = head;
    this.#previous[place] = -1;
    if (head >= 0) this.#previous[head] = place;
    else this.#filled[rank >>> 5]! |= 1 << (rank & 31);
    this.#first[rank] = place;
  }

  #remove(place: number): void {
    const rank = this.#rank[place]!;
    if (rank < 0) return;
    const [next, previous] = [this.#next[place]!, this.#previous[place]!];
    if (next >= 0) this.#previous[next] = previous;
    if (previous >= 0) this.#next[previous] = next;
    else {
      this.#first[rank] = next;
      if (next < 0) this.#filled[rank >>> 5]! &= ~(1 << (rank & 31));
    }
  }

  /** The lowest rank from `from` on whose list is not empty; -1: none. */
  lowest(from: number): number {
    let word = from >>> 5;
    let bits = (this.#filled[word] ?? 0) & (-1 << (from & 31));
    while (bits === 0) {
      if (++word >= this.#filled.length) return -1;
      bits = this.#filled[word]!;
    }
    return word * 32 + (31 - Math.clz32(bits & -bits));
  }

  /** Empties a list; its places in no order. */
  take(rank: number): number[] {
    const places: number[] = [];
    for (let place = this.#first[rank]!; place >= 0; place = this.#next[place]!) {
      places.push(place);
      this.#rank[place] = -1;
    }
    this.#first[rank] = -1;
    this.#filled[rank >>> 5]! &= ~(1 << (rank & 31));
    return places;
  }
}
