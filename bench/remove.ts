/** Remove without a model: a hole of 250 pixels in a photograph of a megapixel. */
import { setImmediate } from 'node:timers/promises';
import { toFloatImage } from '../service/engine/picture/convert.ts';
import { fillFromSurroundings } from '../service/engine/picture/patch/patchFill.ts';
import { machineLine } from './measure/machine.ts';
import { ellipse, photograph, rgbaOf } from './measure/photograph.ts';
import { printTable, told } from './measure/table.ts';
import { timed } from './measure/timing.ts';

const size = { width: 1024, height: 1024 };
const holePx = 250;

/** The longest time that nothing else of the process was run while `work` was. */
async function longestPause(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  const state = { isDone: false };
  const watch = async () => {
    for (let last = performance.now(); !state.isDone;) {
      await setImmediate();
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }
  };
  const watching = watch();
  await work();
  state.isDone = true;
  await watching;
  return longest;
}

async function main(): Promise<void> {
  const { image } = toFloatImage(rgbaOf(await photograph(size)));
  const soft = ellipse(size, { x: 400, y: 420, width: holePx, height: holePx });
  const hole = { ...soft, data: soft.data.map((v) => (v > 0 ? 255 : 0)) };
  const fill = () => fillFromSurroundings(image, hole, { seed: 1 });
  const { ms } = await timed(fill, { warmUps: 1, repetitions: 3 });
  const pause = await longestPause(fill);
  printTable(`Remove, ${size.width} x ${size.height}, hole of ${holePx}; ${machineLine()}`, [
    told(
      'filling from the surroundings',
      { median: ms.median / 1000, least: ms.least / 1000 },
      's',
      2,
    ),
    told('longest time in which a cancel is not heard', pause, 'ms'),
  ]);
}

await main();
