/** Kind "color": 8-bit colour spaces, histogram matching, colour correction, colour difference. */
import { type Case, type Checker, Unsupported } from '../case.ts';
import { answer8, image8, inputs, tensorRow8 } from '../image8Case.ts';
import { deltaE2000, type Lab, srgbToLab } from '../../../service/engine/picture/deltaE.ts';
import { rgbToGray8, rgbToHsv8 } from '../../../service/engine/picture/opencv/color8.ts';
import { lab8ToRgb, rgbToLab8 } from '../../../service/engine/picture/opencv/lab8.ts';
import { newImage8, toChannels } from '../../../service/engine/picture/pillow/image8.ts';
import {
  blendLuminosity,
  correctColors,
  matchColors,
  rememberColors,
} from '../../../service/engine/picture/webui/colorCorrection.ts';
import {
  matchHistogram,
  matchHistograms8,
} from '../../../service/engine/picture/webui/matchHistogram.ts';

function differences(c: Case): Readonly<Record<string, unknown>> {
  const triples = (reference: unknown): Lab[] => {
    const { data } = c.tensor(reference);
    return Array.from({ length: data.length / 3 }, (_, i) => [
      Number(data[3 * i]),
      Number(data[3 * i + 1]),
      Number(data[3 * i + 2]),
    ]);
  };
  const second = triples(c.input['lab2']);
  return {
    dE: triples(c.input['lab1']).map((lab, i) => deltaE2000(lab, second[i] ?? [0, 0, 0])),
    lab: triples(c.input['rgb']).flatMap(([r, g, b]) => srgbToLab(r / 255, g / 255, b / 255)),
  };
}

export const check: Checker = async (c) => {
  const name = inputs(c).text('function');
  switch (name) {
    case 'delta_e_2000':
      return differences(c);
    case 'lab8':
      return {
        lab: rgbToLab8(tensorRow8(c, c.input['rgb'])).data,
        rgb: lab8ToRgb(tensorRow8(c, c.input['lab'])).data,
      };
    case 'gray8':
      return { gray: rgbToGray8(tensorRow8(c, c.input['rgb'])).data };
    case 'hsv8':
      return { hsv: rgbToHsv8(tensorRow8(c, c.input['rgb'])).data };
    case 'pillow_l':
      return { l: toChannels(tensorRow8(c, c.input['rgb']), 1).data };
    case 'match_histograms': {
      const row = (data: Uint8Array) => newImage8(data.length, 1, 1, data);
      const values = tensorRow8(c, c.input['values']).data;
      const reference = tensorRow8(c, c.input['reference']).data;
      const [table] = matchHistograms8(row(values), row(reference));
      return { values: Float32Array.from(values, (v) => table?.[v] ?? 0) };
    }
    case 'match_histograms_float': {
      const values = c.tensor(c.input['values']).data as Float32Array;
      return {
        values: matchHistogram(values, c.tensor(c.input['reference']).data as Float32Array),
      };
    }
    case 'blend_luminosity': {
      const lower = await image8(c, c.input['lower']);
      return { picture: answer8(blendLuminosity(lower, await image8(c, c.input['upper']))) };
    }
    case 'color_correction': {
      const target = rememberColors(await image8(c, c.input['original']));
      const generated = await image8(c, c.input['generated']);
      return {
        matched: answer8(matchColors(generated, target)),
        picture: answer8(correctColors(generated, target)),
      };
    }
    default:
      throw new Unsupported(name);
  }
};
