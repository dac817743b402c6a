import { describe, expect, it } from 'vitest';
import { parseOptions } from '../../service/cli/options.ts';
import type { UnflaggedSettings } from '../../service/cli/recipeOptions.ts';
import { blankCanvas, withStageOptions } from '../../service/cli/stageOptions.ts';

function stages(args: readonly string[], recipe: UnflaggedSettings = {}, isText = true) {
  return withStageOptions(recipe, parseOptions(args).options, isText);
}

describe('--refiner', () => {
  it('names a model and when it takes over', () => {
    expect(stages(['--refiner', 'xl:0.6'])).toEqual({ refiner: { model: 'xl', switchAt: 0.6 } });
    expect(stages(['--refiner', 'xl'], {}, false)).toEqual({
      refiner: { model: 'xl', switchAt: 0.8 },
    });
    expect(stages(['--refiner', 'xl:0', '--refiner-by', 'steps']).refiner).toEqual({
      model: 'xl',
      switchAt: 0,
      switchBy: 'steps',
    });
  });

  it('goes before the recipe’s, which "none" turns off', () => {
    const recipe = { refiner: { model: 'old', switchAt: 0.5 } };
    expect(stages([], recipe)).toEqual(recipe);
    expect(stages(['--refiner', 'new:0.9'], recipe).refiner?.model).toBe('new');
    expect(stages(['--refiner', 'none'], recipe)).toEqual({});
  });

  it.each([['xl:2'], ['xl:x'], ['xl:'], [':0.5']])('is refused as %s', (text) => {
    expect(() => stages(['--refiner', text])).toThrow();
  });
});

const plain = { scale: 2, upscaler: 'latent', steps: 0, strength: 0.7 };

describe('--hires', () => {
  it('has AUTOMATIC1111’s defaults', () => {
    expect(stages(['--hires', '2'])).toEqual({ hires: plain });
  });

  it('takes a size, of which one side may follow', () => {
    expect(stages(['--hires', '0x1024']).hires).toMatchObject({ size: { width: 0, height: 1024 } });
  });

  it('has settings of its own', () => {
    const args =
      '--hires 1.5 --hires-upscaler 4x --hires-steps 9 --hires-strength 0.4 --hires-sampler Heun --hires-schedule karras --hires-cfg 5 --hires-prompt p --hires-avoid n';
    expect(stages(args.split(' ')).hires).toEqual({
      scale: 1.5,
      upscaler: '4x',
      steps: 9,
      strength: 0.4,
      sampler: 'Heun',
      schedule: 'karras',
      cfgScale: 5,
      prompt: 'p',
      negativePrompt: 'n',
    });
  });

  it('keeps what a recipe says and no option does', () => {
    const recipe = { hires: { ...plain, upscaler: 'lanczos', steps: 7, prompt: 'x' } };
    expect(stages(['--hires-strength', '0.3'], recipe).hires).toEqual({
      ...recipe.hires,
      strength: 0.3,
    });
    expect(stages(['--hires', '300x0'], recipe).hires).not.toHaveProperty('scale');
    expect(stages(['--hires', 'none'], recipe)).toEqual({});
  });

  it('is text to image’s alone', () => {
    expect(() => stages(['--hires', '2'], {}, false)).toThrow(/txt2img/);
    expect(stages([], { hires: plain }, false)).toEqual({});
    expect(() => stages(['--hires-steps', '3'])).toThrow(/--hires SCALE/);
  });

  it.each(['0', 'NaN', '100', '', 'x2', '0x0', '-1'])('is refused as "%s"', (text) => {
    expect(() => stages([`--hires=${text}`])).toThrow();
  });

  it('gives the size of the canvas', () => {
    const { raster } = blankCanvas({ width: 512, height: 512 }, { ...plain, scale: 1.3 });
    expect([raster.width, raster.height]).toEqual([664, 664]);
    expect(() => blankCanvas({ width: 2048, height: 2048 }, { ...plain, scale: 4 })).toThrow(
      /4096/,
    );
  });
});
