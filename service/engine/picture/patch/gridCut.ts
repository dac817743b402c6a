/**
 * Minimum cut of a grid whose pixels hold to two sides and to their four neighbours (Boykov and Kolmogorov, An
 * Experimental Comparison of Min-Cut/Max-Flow Algorithms, 2004). Whole numbers, so that it is exact.
 */
import type { Sliced } from '../sliced.ts';

/** Right, left, down, up: each beside its opposite, `d ^ 1`. */
const directions = 4;
const none = -1;
const terminal = 4;
const orphan = 5;
/** Of a pixel that is grown from, and as many more for each path found there. */
const visitsPerPixel = 10;
const pixelsPerPath = 10;
const pixelsPerPart = 10_000;

export interface GridCut {
  readonly width: number;
  readonly height: number;
  /** What it costs to part a pixel from its right, left, lower and upper neighbour; four values a pixel. */
  readonly links: Int32Array;
  /** Above 0: what it costs to give the pixel to the second side; below 0: to the first. */
  readonly pull: Int32Array;
}

/** 1 for pixels on the second side. Uses up what it is given. */
export function* cutGrid(grid: GridCut): Sliced<Uint8Array> {
  const { pull } = grid;
  const state = makeState(grid);
  for (let p = 0; p < pull.length; p++) {
    if (pull[p] === 0) continue;
    state.tree[p] = pull[p] > 0 ? 1 : 2;
    state.parent[p] = terminal;
    state.distance[p] = 1;
    activate(state, p);
  }
  let grown = 0;
  for (;;) {
    const p = nextActive(state);
    if (p < 0) break;
    if (++grown >= pixelsPerPart) {
      yield grown * visitsPerPixel;
      grown = 0;
    }
    for (let met = grow(state, p); met >= 0; met = grow(state, p)) {
      grown += pixelsPerPath;
      state.now++;
      augment(state, p, met);
      adopt(state);
      if (state.tree[p] === 0) break;
    }
  }
  return state.tree.map((side) => (side === 2 ? 1 : 0));
}

interface State extends GridCut {
  /** 0 free, 1 reached from the first side, 2 from the second. */
  readonly tree: Uint8Array;
  /** Direction to the parent, or `terminal`, `orphan`, `none`. */
  readonly parent: Int8Array;
  readonly steps: Int32Array;
  readonly distance: Int32Array;
  readonly stamp: Int32Array;
  now: number;
  readonly active: Int32Array;
  readonly isActive: Uint8Array;
  head: number;
  count: number;
  readonly orphans: number[];
}

function makeState(grid: GridCut): State {
  const n = grid.pull.length;
  return {
    ...grid,
    tree: new Uint8Array(n),
    parent: new Int8Array(n).fill(none),
    steps: Int32Array.of(1, -1, grid.width, -grid.width),
    distance: new Int32Array(n),
    stamp: new Int32Array(n),
    now: 0,
    active: new Int32Array(n),
    isActive: new Uint8Array(n),
    head: 0,
    count: 0,
    orphans: [],
  };
}

function activate(state: State, p: number): void {
  if (state.isActive[p]) return;
  state.isActive[p] = 1;
  state.active[(state.head + state.count++) % state.active.length] = p;
}

function nextActive(state: State): number {
  while (state.count > 0) {
    const p = state.active[state.head];
    state.head = (state.head + 1) % state.active.length;
    state.count--;
    state.isActive[p] = 0;
    if (state.tree[p] !== 0) return p;
  }
  return -1;
}

/** Grows the tree around an active pixel; the direction in which it has met the other tree, or -1. */
function grow(state: State, p: number): number {
  const { links, tree, parent, steps, distance, stamp } = state;
  const side = tree[p];
  for (let d = 0; d < directions; d++) {
    const q = p + steps[d];
    const room = side === 1 ? links[p * directions + d] : residualInto(links, q, d);
    if (room <= 0) continue;
    if (tree[q] === 0) {
      tree[q] = side;
      parent[q] = d ^ 1;
      stamp[q] = stamp[p];
      distance[q] = distance[p] + 1;
      activate(state, q);
    } else if (tree[q] !== side) {
      return d;
    } else if (stamp[q] <= stamp[p] && distance[q] > distance[p]) {
      parent[q] = d ^ 1;
      stamp[q] = stamp[p];
      distance[q] = distance[p] + 1;
    }
  }
  return -1;
}

/** Room on the link from `q`, which lies in direction `d`, back. */
function residualInto(links: Int32Array, q: number, d: number): number {
  return q >= 0 && q * directions < links.length ? links[q * directions + (d ^ 1)] : 0;
}

function augment(state: State, p: number, d: number): void {
  const { links, tree, steps } = state;
  const q = p + steps[d];
  const [from, to, out] = tree[p] === 1 ? [p, q, d] : [q, p, d ^ 1];
  let flow = links[from * directions + out];
  flow = Math.min(flow, bottleneck(state, from, 1), bottleneck(state, to, 2));
  links[from * directions + out] -= flow;
  links[to * directions + (out ^ 1)] += flow;
  push(state, from, { side: 1, flow });
  push(state, to, { side: 2, flow });
}

function bottleneck({ links, parent, steps, pull }: State, from: number, side: 1 | 2): number {
  let least = Infinity;
  let p = from;
  for (;;) {
    const d = parent[p];
    if (d === terminal) return Math.min(least, Math.abs(pull[p]));
    const q = p + steps[d];
    const room = side === 1 ? links[q * directions + (d ^ 1)] : links[p * directions + d];
    if (room < least) least = room;
    p = q;
  }
}

function push(
  state: State,
  from: number,
  { side, flow }: { readonly side: 1 | 2; readonly flow: number },
): void {
  const { links, parent, steps, pull, orphans } = state;
  let p = from;
  for (;;) {
    const d = parent[p];
    if (d === terminal) break;
    const q = p + steps[d];
    const [into, back] =
      side === 1
        ? [q * directions + (d ^ 1), p * directions + d]
        : [p * directions + d, q * directions + (d ^ 1)];
    links[into] -= flow;
    links[back] += flow;
    if (links[into] === 0) {
      parent[p] = orphan;
      orphans.push(p);
    }
    p = q;
  }
  pull[p] -= side === 1 ? flow : -flow;
  if (pull[p] === 0) {
    parent[p] = orphan;
    orphans.push(p);
  }
}

/** Finds new parents for the pixels whose way to their side is used up, or frees them. */
function adopt(state: State): void {
  const { links, tree, parent, steps, distance, stamp, orphans } = state;
  for (let p = orphans.pop(); p !== undefined; p = orphans.pop()) {
    const side = tree[p];
    let best = none;
    let least = Infinity;
    for (let d = 0; d < directions; d++) {
      const q = p + steps[d];
      const room = side === 1 ? residualInto(links, q, d) : links[p * directions + d];
      if (room <= 0 || tree[q] !== side) continue;
      const far = originOf(state, q);
      if (far < least) {
        least = far;
        best = d;
      }
    }
    if (best >= 0) {
      parent[p] = best;
      stamp[p] = state.now;
      distance[p] = least + 1;
      continue;
    }
    release(state, p);
  }
}

/** Steps to the side along parents; Infinity where an orphan is in between. */
function originOf({ parent, steps, distance, stamp, now }: State, q: number): number {
  let far = 0;
  let p = q;
  for (;;) {
    if (stamp[p] === now && parent[p] !== orphan) {
      far += distance[p];
      break;
    }
    const d = parent[p];
    if (d === terminal) {
      stamp[p] = now;
      distance[p] = 1;
      far++;
      break;
    }
    if (d === orphan || d === none) return Infinity;
    far++;
    p += steps[d];
  }
  let left = far;
  for (p = q; stamp[p] !== now; p += steps[parent[p]]) {
    stamp[p] = now;
    distance[p] = left--;
  }
  return far;
}

function release(state: State, p: number): void {
  const { links, tree, parent, steps, orphans } = state;
  const side = tree[p];
  for (let d = 0; d < directions; d++) {
    const q = p + steps[d];
    if (q < 0 || q >= tree.length || tree[q] !== side) continue;
    const room = side === 1 ? residualInto(links, q, d) : links[p * directions + d];
    if (room > 0) activate(state, q);
    if (parent[q] === (d ^ 1)) {
      parent[q] = orphan;
      orphans.push(q);
    }
  }
  tree[p] = 0;
  parent[p] = none;
}
