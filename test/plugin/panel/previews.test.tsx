/** The parts of the panel that show what a run will work with. */
import type { ReactElement } from 'react';
import { renderToString } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { AddMenu } from '../../../plugin/panel/AddMenu.tsx';
import { advancedLine } from '../../../plugin/panel/advancedLine.ts';
import { ControlUnitFields } from '../../../plugin/panel/ControlUnitFields.tsx';
import { FlavourContext } from '../../../plugin/panel/controls/flavour.ts';
import { HiresFields } from '../../../plugin/panel/HiresFields.tsx';
import { LoraWeights } from '../../../plugin/panel/LoraWeights.tsx';
import { MaskPreview } from '../../../plugin/panel/MaskPreview.tsx';
import { ModelAbout } from '../../../plugin/panel/ModelAbout.tsx';
import { moreLine } from '../../../plugin/panel/moreLine.ts';
import { SoftInpainting } from '../../../plugin/panel/SoftInpainting.tsx';
import { SessionContext } from '../../../plugin/panel/useSession.ts';
import { newControl } from '../../../plugin/session/controls.ts';
import { usualHires } from '../../../plugin/session/hires.ts';
import { reduce, type Action } from '../../../plugin/session/reduce.ts';
import type { Session } from '../../../plugin/session/session.ts';
import { defaultSettings, type Settings } from '../../../plugin/session/settings.ts';
import { initialState } from '../../../plugin/session/state.ts';
import { problemOf } from '../../../shared/errors.ts';
import { softInpaintingLimits } from '../../../shared/limits.ts';
import { checkpoint, hostWithSelection, plane } from '../../fakes/session.ts';

interface Scene {
  readonly actions?: readonly Action[];
  readonly settings?: Partial<Settings>;
  readonly kind?: Session['hostKind'];
}

function draw(
  element: ReactElement,
  { actions = [], settings, kind = 'workbench' }: Scene,
): string {
  const state = actions.reduce(
    reduce,
    initialState({ ...defaultSettings, ...settings }, hostWithSelection),
  );
  const known = { hostKind: kind, getState: () => state, subscribe: () => () => undefined };
  // What is drawn once presses nothing.
  const session = new Proxy(known, {
    get: (target, name) => Reflect.get(target, name) ?? (() => undefined),
  }) as unknown as Session;
  const flavour = kind === 'photoshop' ? 'native' : 'web';
  return renderToString(
    <FlavourContext value={flavour}>
      <SessionContext value={session}>{element}</SessionContext>
    </FlavourContext>,
  ).replaceAll('<!-- -->', '');
}

const region = { x: 0, y: 0, width: 2, height: 2 };
const shown = {
  region,
  seen: plane('alpha', region, 1, 255),
  change: plane('denoise', region, 1, 255),
  pictures: { both: 'data:both', seen: 'data:seen', change: 'data:change' },
};
const viewed = (view: 'both' | 'seen' | 'change'): Action[] => [
  { type: 'previewMasksChosen', view },
  { type: 'previewMasksMade', shown },
];

describe('the masks', () => {
  it('are offered with a selection and off at first', () => {
    const html = draw(<MaskPreview />, {});
    expect(html).toContain('aria-label="Show mask"');
    expect(html).not.toContain('<img');
    expect(html).not.toContain('will be seen');
    // Expanding has no use for a selection.
    expect(draw(<MaskPreview />, { settings: { mode: 'expand' } })).toBe('');
  });

  it.each([
    ['both', ['will be seen', 'may change']],
    ['seen', ['will be seen']],
    ['change', ['may change']],
  ] as const)('have a legend, and in Photoshop a picture: %s', (view, words) => {
    const html = draw(<MaskPreview />, { actions: viewed(view), kind: 'photoshop' });
    expect(html).toContain(`src="data:${view}"`);
    expect(['will be seen', 'may change'].filter((w) => html.includes(w))).toEqual(words);
    expect(draw(<MaskPreview />, { actions: viewed(view) })).not.toContain('<img');
  });

  it('say that they are old, or what is wrong', () => {
    const old = [...viewed('both'), { type: 'previewMasksStale', isGone: false } as const];
    expect(draw(<MaskPreview />, { actions: old })).toContain('show again');
    const problem = problemOf('E_MASK_EMPTY');
    const wrong = [...viewed('both'), { type: 'previewMasksFailed', problem } as const];
    expect(draw(<MaskPreview />, { actions: wrong })).toContain(problem.title);
  });
});

describe('a ControlNet', () => {
  const nets: Action = {
    type: 'modelsListed',
    models: [checkpoint, { ...checkpoint, id: 'c', name: 'canny', kind: 'controlnet' }],
  };
  const control = {
    ...newControl('a'),
    model: 'c',
    weight: 0.8,
    end: 0.7,
    preprocessor: { name: 'canny', a: 60 } as const,
  };

  it('shows everything that is set, each field with a name of its own', () => {
    const html = draw(<ControlUnitFields control={control} number={2} />, { actions: [nets] });
    for (const words of ['ControlNet 2', 'canny', 'Edges (canny)', 'Weak edges', 'Strong edges'])
      expect(html).toContain(words);
    const names = [...html.matchAll(/aria-label="([^"]+)"/g)].map(([, name]) => name);
    const fields = names.filter((name) => name !== 'ControlNet 2');
    expect(fields.every((name) => name?.includes('ControlNet 2'))).toBe(true);
    expect(new Set(fields).size).toBe(fields.length);
  });

  it('says where its layer or its file is missing', () => {
    const layer = { kind: 'layer', documentId: 'doc-1', layerId: '9', name: 'ink' } as const;
    const html = draw(<ControlUnitFields control={{ ...control, sight: layer }} number={1} />, {
      actions: [nets],
    });
    expect(html).toContain('“ink”');
    expect(html).toContain('use “Background”');
    const file = { kind: 'file', name: '' } as const;
    const chosen = draw(<ControlUnitFields control={{ ...control, sight: file }} number={1} />, {
      actions: [nets],
    });
    expect(chosen).toContain('choose a picture…');
    expect(chosen).toContain('cut to fit');
  });

  it('tells in a line of its own that it is there', () => {
    const settings = { ...defaultSettings, controls: [control] };
    expect(moreLine(settings, undefined)).toMatch(/ · 1 ControlNet$/);
  });
});

describe('the second pass', () => {
  const empty: Action = {
    type: 'hostChanged',
    host: { ...hostWithSelection, layerBounds: undefined, selectionBounds: undefined },
  };

  it('is offered where there is no picture to start from', () => {
    expect(draw(<HiresFields />, {})).toBe('');
    const closed = draw(<HiresFields />, { actions: [empty] });
    expect(closed).toContain('Second pass');
    expect(closed).not.toContain('Enlarged by');
  });

  it('tells how large, by what, how strongly and in how many steps', () => {
    const settings = { hires: { ...usualHires, scale: 1.5, strength: 0.4 } };
    const html = draw(<HiresFields />, { actions: [empty], settings });
    for (const word of ['Enlarge', 'latents, bicubic', 'Its strength', 'same'])
      expect(html).toContain(word);
    expect(moreLine({ ...defaultSettings, ...settings }, undefined)).toContain('second pass 1.5×');
  });

  it('shows a size that a recipe has set', () => {
    const { scale: _scale, ...hires } = usualHires;
    const settings = { hires: { ...hires, size: { width: 900, height: 700 } } };
    const html = draw(<HiresFields />, { actions: [empty], settings });
    expect(html).toContain('900 × 700 px, from a recipe');
  });
});

describe('soft inpainting', () => {
  it('is a switch with AUTOMATIC1111’s six values behind it', () => {
    expect(draw(<SoftInpainting />, {})).not.toContain('Schedule bias');
    const soft = Object.fromEntries(
      Object.entries(softInpaintingLimits).map(([name, range]) => [name, range.default]),
    ) as NonNullable<Settings['advanced']['softInpainting']>;
    const html = draw(<SoftInpainting />, { settings: { advanced: { softInpainting: soft } } });
    const sliders = [...html.matchAll(/<sp-slider[^>]*aria-label="([^"]+)"[^>]*>/g)];
    expect(sliders.map(([, label]) => label)).toEqual([
      'Schedule bias',
      'Preservation strength',
      'Transition contrast boost',
      'Mask influence',
      'Difference threshold',
      'Difference contrast',
    ]);
    expect(sliders[2]?.[0]).toContain('min="100"');
    expect(sliders[2]?.[0]).toContain('max="3200"');
    const settings = { ...defaultSettings, advanced: { softInpainting: soft } };
    expect(moreLine(settings, undefined)).toContain('soft inpainting');
    expect(advancedLine(settings)).toBe('all as usual');
  });
});

describe('what is known of models', () => {
  const model = {
    ...checkpoint,
    hash: '0123456789',
    hasPreview: true,
    notes: { triggerWords: ['tiny style', 'soft light'], text: 'Made for tests.' },
  };

  it('is shown with picture, words and notes', () => {
    const html = draw(<ModelAbout model={model} />, {
      actions: [
        { type: 'previewModel', id: model.id, picture: { phase: 'known', url: 'data:picture' } },
      ],
    });
    for (const words of [
      'data:picture',
      'tiny style',
      'soft light',
      'Made for tests.',
      '0123456789',
    ])
      expect(html).toContain(words);
    expect(draw(<ModelAbout model={checkpoint} />, {})).toContain('Nothing is written beside it.');
  });

  it('stands in the menu of LoRAs, too', () => {
    const lora = { ...model, id: 'l', name: 'ink', kind: 'lora' } as const;
    const html = draw(
      <AddMenu kinds={['lora']} onAdd={() => undefined} onClose={() => undefined} />,
      {
        actions: [
          { type: 'modelsListed', models: [checkpoint, lora] },
          { type: 'previewModel', id: 'l', picture: { phase: 'known', url: 'data:ink' } },
        ],
      },
    );
    expect(html).toContain('src="data:ink"');
    expect(html).toContain('words: tiny style, soft light');
  });

  it('a LoRA of the prompt has its weight below', () => {
    expect(draw(<LoraWeights />, {})).toBe('');
    const html = draw(<LoraWeights />, { settings: { prompt: 'a <lora:ink:0.8>' } });
    expect(html).toContain('aria-label="Weight of ink"');
    expect(html).toContain('aria-label="Remove ink"');
  });
});
