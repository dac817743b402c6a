/** Networks that enlarge a picture, from a file in any of their namings. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { abilitiesOf } from '../../../service/engine/networks/deviceAbilities.ts';
import { makeUpscaler } from '../../../service/engine/networks/upscaler.ts';
import { chooseDevice } from '../../../service/engine/runtime/device.ts';
import { openUpscaler } from '../../../service/engine/weights/openUpscaler.ts';
import { writeModel } from '../../fixtures/writeModel.ts';
import type { Checker } from '../case.ts';
import { realTensor } from '../runComponent.ts';

export const check: Checker = async (c) => {
  const folder = await mkdtemp(join(tmpdir(), 'pentimento-case-'));
  const device = chooseDevice('cpu');
  try {
    const out = join(folder, 'upscaler.safetensors');
    const manifest = join(c.root, String(c.input['manifest']));
    await writeModel({ manifest, out, seed: Number(c.input['seed']), dtype: 'F32' });
    const context = { device, abilities: await abilitiesOf(device), cacheFolder: folder };
    const upscaler = makeUpscaler(context, await openUpscaler(out));
    try {
      const picture = await upscaler.enlarge(realTensor(c, c.input['picture']));
      return { picture, scale: upscaler.scale };
    } finally {
      await upscaler.dispose();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
