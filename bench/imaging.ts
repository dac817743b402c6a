/**
 * Picture operations beside Pillow, OpenCV and scikit-image on the same operation and size, RGB of 8 bits.
 * `--peer PYTHON`: an environment with tools/requirements.txt; each operation is then timed here and there
 * one right after the other, both in the engine's environment. Without it only ours are told. `--size 1024`: that
 * size only; `--only TEXT`: operations whose names contain it.
 */
import { parseArgs } from 'node:util';
import { runsAsEngine } from './measure/asEngine.ts';
import { machineLine } from './measure/machine.ts';
import { imagingOperations } from './measure/imagingOperations.ts';
import { startPeer, type Peer } from './measure/peer.ts';
import { atMost, printTable, told, type Figure } from './measure/table.ts';
import { timedFor } from './measure/timing.ts';

const sizes = [1024, 4096];

async function figuresOf(size: number, peer: Peer | undefined, only: string): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [name, work] of Object.entries(await imagingOperations(size))) {
    if (!name.includes(only)) continue;
    const own = await timedFor(work);
    if (!peer) {
      figures.push(told(name, own, 'ms', 2));
      continue;
    }
    const theirs = await peer.time(size, name);
    const share = { median: own.median / theirs.median, least: own.least / theirs.least };
    const both = `${own.median.toFixed(2)} : ${theirs.median.toFixed(2)} ms`;
    figures.push(atMost(`${name.padEnd(32)}${both}`, share, { most: 1, unit: 'x', digits: 2 }));
  }
  return figures;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { peer: { type: 'string' }, size: { type: 'string' }, only: { type: 'string' } },
  });
  const peer = values.peer === undefined ? undefined : startPeer(values.peer, 'imaging.py');
  for (const size of values.size === undefined ? sizes : [Number(values.size)]) {
    const figures = await figuresOf(size, peer, values.only ?? '');
    printTable(`Pictures of ${size} x ${size}, RGB 8 bit; ${machineLine()}`, figures);
  }
  peer?.stop();
}

if (runsAsEngine(import.meta.url)) await main();
