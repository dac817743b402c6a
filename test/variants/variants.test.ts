/** Axes, matrices, prompt lists, loopback and names: their bounds, and what the cases do not ask. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PentimentoError } from '../../shared/errors.ts';
import { axes, axisLabel, axisValues, findAxis } from '../../service/variants/axes.ts';
import { formatTime } from '../../service/variants/formatTime.ts';
import { loopbackPasses } from '../../service/variants/loopback.ts';
import { namePart, pictureName, type NamedPicture } from '../../service/variants/pictureName.ts';
import { promptLine } from '../../service/variants/promptLines.ts';
import { promptMatrix } from '../../service/variants/promptMatrix.ts';
import { processorMs } from '../fixtures/processorMs.ts';

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'none';
  } catch (error) {
    return error instanceof PentimentoError ? error.code : String(error);
  }
}

describe('axes', () => {
  it('are found whatever the case of their name, else the nearest are told', () => {
    expect(findAxis(' cfg scale ').name).toBe('CFG Scale');
    expect(() => findAxis('Stepps')).toThrow(/Steps/);
  });

  it('have one name each and a cost from 0 to 1', () => {
    expect(new Set(axes.map((a) => a.name)).size).toBe(axes.length);
    expect(axes.every((a) => a.cost >= 0 && a.cost <= 1)).toBe(true);
  });

  it.each([
    ['Seed', '1-9999999999'],
    ['Seed', '1-5 [99999999]'],
    ['Seed', '1-5 (+0)'],
    ['CFG Scale', '0-1e9 (+0.000001)'],
    ['Prompt order', 'a,b,c,d,e,f,g,h,i,j'],
  ])('%s: %s is refused', (name, text) => {
    expect(codeOf(() => axisValues(findAxis(name), text))).toBe('E_PARAM');
  });

  it('never fail in an unknown way', () => {
    const part = fc.constantFrom(
      '1',
      '-',
      '5',
      ' ',
      '(+2)',
      '[3]',
      '.',
      ',',
      '"',
      '(',
      'e',
      '+',
      '0',
    );
    fc.assert(
      fc.property(
        fc.constantFrom('Seed', 'CFG Scale', 'Sampler'),
        fc.array(part, { maxLength: 12 }),
        (name, parts) => {
          const axis = findAxis(name);
          const code = codeOf(() =>
            axisValues(axis, parts.join('')).map((v) => axisLabel(axis, v)),
          );
          expect(['none', 'E_PARAM', 'E_SAMPLER_UNKNOWN']).toContain(code);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('prompt matrix', () => {
  it('has every combination once', () => {
    const parts = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(parts, fc.boolean(), (list, variableFirst) => {
        const prompts = promptMatrix(list.join('|'), { variableFirst, delimiter: ', ' });
        expect(new Set(prompts).size).toBe(2 ** (list.length - 1));
        for (const prompt of prompts) expect(prompt.split(', ')).toContain(list[0]);
      }),
    );
  });

  it('is refused when it is endless', () => {
    const prompt = 'a|'.repeat(40);
    expect(codeOf(() => promptMatrix(prompt, { variableFirst: false, delimiter: ' ' }))).toBe(
      'E_PARAM',
    );
  });
});

describe('prompt lines', () => {
  it('of any text become a prompt at least', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (line) => {
        expect(Object.keys(promptLine(`--x ${line}`))).toContain('prompt');
        expect(Object.keys(promptLine(line)).length).toBeGreaterThan(0);
      }),
    );
    expect(promptLine('--prompt a "b c" \\"d --steps 5')).toEqual({ prompt: 'a b c "d', steps: 5 });
    expect(promptLine("--styles ''")).toEqual({ styles: '' });
  });
});

describe('loopback', () => {
  it('begins and ends with the strengths that are asked for', () => {
    for (const curve of ['Linear', 'Aggressive', 'Lazy'] as const) {
      const passes = loopbackPasses({
        strength: 0.8,
        finalStrength: 0.2,
        loops: 5,
        curve,
        seed: 3,
        maskedContent: 'fill',
      });
      expect(passes.map((p) => p.seed)).toEqual([3, 4, 5, 6, 7]);
      expect(passes.map((p) => p.maskedContent)).toEqual(['fill', ...Array(4).fill('original')]);
      expect(passes[0].strength).toBe(0.8);
      expect(passes[4].strength).toBeCloseTo(0.2, 12);
      expect(passes.every((p, i) => i === 0 || p.strength < passes[i - 1].strength)).toBe(true);
    }
  });
});

const picture: NamedPicture = {
  prompt: 'a "cat" / 猫',
  negativePrompt: '',
  seed: 5,
  allSeeds: [5, 6],
  steps: 20,
  cfgScale: '7',
  strength: undefined,
  sampler: 'DPM++ 2M',
  schedule: 'Automatic',
  clipSkip: 1,
  width: 64,
  height: 48,
  modelName: 'dream: v1',
  modelHash: '0123456789',
  vaeName: '.kl.safetensors',
  batchSize: 1,
  batchCount: 2,
  batchIndex: 0,
  iteration: 1,
  user: 'me',
  styles: [],
  styleTexts: [],
};
const tools = {
  sha256: () => 'abcdef0123456789',
  pixelsSha256: () => 'fedcba',
  now: new Date(2026, 10, 5, 14, 7, 9),
};

describe('file names', () => {
  it.each([
    ['[sampler_scheduler] [scheduler]', 'DPM++ 2M Karras Karras'],
    ['[generation_number]', '2'],
    ['a[denoising]b', 'b'],
    ['[model_name]-[vae_filename]', 'dream_ v1-kl'],
    ['[date] [datetime<%H:%M>] [job_timestamp]', '2026-11-05 14_07 20261105140709'],
    ['[image_hash<2>][prompt_hash<-4>]', 'feabcdef012345'],
    ['[toString][__proto__][constructor]', '[toString][__proto__][constructor]'],
    ['first\nsecond[seed]', 'second5'],
  ])('%j is %j', (pattern, expected) => {
    expect(pictureName(pattern, picture, tools)).toBe(expected);
  });

  it('hold nothing that a file system refuses, whatever the prompt', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (prompt) => {
        const name = pictureName(
          '[prompt]-[prompt_spaces]-[prompt_words]-[styles]',
          { ...picture, prompt, styles: [prompt] },
          tools,
        );
        expect(name).not.toMatch(/[<>:"/\\|?*\n\r\t]/);
      }),
    );
    expect(Array.from(namePart('😀'.repeat(500)))).toHaveLength(128);
  });

  it('come from any pattern in linear time', async () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('[', ']', '<', '>', 'seed', 'hasprompt', '|', 'x', '\n')),
        (parts) => {
          expect(typeof pictureName(parts.join(''), picture, tools)).toBe('string');
        },
      ),
    );
    const ms = await processorMs(() => {
      pictureName('['.repeat(1_000_000), picture, tools);
      pictureName(`[seed${'<>'.repeat(200_000)}]`, picture, tools);
    });
    expect(ms).toBeLessThan(5000);
  });

  it('tell the time in every form that is known', () => {
    expect(formatTime(tools.now, '%y%j-%I%p %A %a %B %b %f %% %q')).toBe(
      '26%j-02PM Thursday Thu November Nov 000000 % %q',
    );
  });
});
