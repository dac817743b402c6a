import { describe, expect, it } from 'vitest';
import { namedLoras, type LoraFile } from '../../service/engine/promptLoras.ts';

const files: readonly LoraFile[] = [
  { name: 'Film Grain', path: '/l/Film Grain.safetensors', family: 'sd1' },
  { name: 'film', path: '/l/film.safetensors', family: 'unknown' },
  { name: 'FILM', path: '/l/FILM.safetensors', family: 'sd1' },
  { name: 'poster', path: '/l/poster.safetensors', family: 'sdxl' },
];
const model = { family: 'sd1', language: 'webui' } as const;

const named = (prompt: string) => namedLoras(prompt, files, model);

describe('LoRA files named in a prompt', () => {
  it('are found by name, exact spelling first, with their strengths', () => {
    expect(
      named('a <lora:film> b <lora:Film Grain:0.8>, <lyco:film grain:1:te=0.5>').adapters,
    ).toEqual([
      { path: '/l/film.safetensors', text: 1, unet: 1 },
      { path: '/l/Film Grain.safetensors', text: 0.8, unet: 0.8 },
      { path: '/l/Film Grain.safetensors', text: 0.5, unet: 0.5 },
    ]);
    expect(named('<lora:sub/FILM:0.3:0.6>').adapters).toEqual([
      { path: '/l/FILM.safetensors', text: 0.3, unet: 0.6 },
    ]);
    expect(named('a boat <hypernet:film:1>')).toEqual({ adapters: [], notes: [] });
  });

  it('are left out with a sentence when they are not there or have no strength', () => {
    const { adapters, notes } = named('<lora:flim:1> <lora:film:much> <lora:film:1:1:8>');
    expect(adapters).toEqual([{ path: '/l/film.safetensors', text: 1, unet: 1, rank: 8 }]);
    expect(notes).toEqual([
      'There is no LoRA called "flim"; it is left out.',
      'Did you mean FILM or film?',
      'The strength of the LoRA "film" is no number; it is left out.',
    ]);
    expect(named('<lora:film:inf>').adapters).toEqual([]);
    const many = Array.from({ length: 300 }, (_, i) => `<lora:${'n'.repeat(90)}${i}:1>`).join(' ');
    expect(named(many).notes.join('').length).toBeLessThan(600);
  });

  it('take a rank and strengths for their blocks, or say why not', () => {
    const [one] = named('<lora:film:0:0.5:dyn=4:lbw=OUTALL>').adapters;
    expect(one).toMatchObject({ text: 0, unet: 0.5, rank: 4 });
    expect(one.blocks).toHaveLength(26);
    const { adapters, notes } = named(
      '<lora:film:1:1:0> <lora:film:dyn=-3> <lora:FILM:lbw=1,2> <lora:film:lbw=1:start=4>',
    );
    expect(adapters).toEqual([]);
    expect(notes).toEqual([
      'The rank of the LoRA "film" ("dyn") must be 1 or more; it is left out.',
      'The block weights of the LoRA "FILM", "film" ("lbw") are neither 17 or 26 numbers nor a known name; it is left out.',
    ]);
    expect(named('<lora:film:1:start=4>')).toMatchObject({
      adapters: [{ unet: 1 }],
      notes: [expect.stringContaining('counts alike in all steps')],
    });
  });

  it('are refused when they were made for another family', () => {
    expect(() => named('<lora:poster:1>')).toThrow(
      expect.objectContaining({
        code: 'E_MODEL_FAMILY',
        detail:
          'The LoRA "poster" was made for an SDXL model; this model is a Stable Diffusion 1 model.',
      }),
    );
  });

  it("are text like any other in diffusers' language", () => {
    const plain = { family: 'sd1', language: 'plain' } as const;
    expect(namedLoras('<lora:film:1>', files, plain)).toEqual({ adapters: [], notes: [] });
  });
});
