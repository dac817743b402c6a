import type { ReactElement } from 'react';
import { renderToString } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { AdvancedExtras } from '../../../plugin/panel/AdvancedExtras.tsx';
import { readNumber } from '../../../plugin/panel/controls/NumberField.tsx';
import { advancedLine } from '../../../plugin/panel/advancedLine.ts';
import { searchOptions } from '../../../plugin/panel/controls/options.ts';
import { Panel } from '../../../plugin/panel/Panel.tsx';
import { SamplerFields } from '../../../plugin/panel/SamplerFields.tsx';
import { SamplerSettings } from '../../../plugin/panel/SamplerSettings.tsx';
import { StylePicker } from '../../../plugin/panel/StylePicker.tsx';
import { SessionContext } from '../../../plugin/panel/useSession.ts';
import { costWords, timeWords, workingWords } from '../../../plugin/panel/words.ts';
import { offerOfFile } from '../../../plugin/session/recipeOffer.ts';
import { reduce, type Action } from '../../../plugin/session/reduce.ts';
import type { Session } from '../../../plugin/session/session.ts';
import { defaultSettings } from '../../../plugin/session/settings.ts';
import { initialState, type SessionState } from '../../../plugin/session/state.ts';
import type { AdvancedSettings } from '../../../shared/advanced.ts';
import { problemOf } from '../../../shared/errors.ts';
import type { JobEvent } from '../../../shared/event.ts';
import type { StyleList } from '../../../shared/styles.ts';
import {
  catalogue,
  checkpoint,
  hostWithSelection,
  inpaintRequest,
  readRecipe,
  recipeOf,
  resultInfo,
  styleList,
} from '../../fakes/session.ts';

const status = {
  version: '0',
  apiVersion: 1,
  device: 'cpu',
  engine: 'idle',
  freeMemoryBytes: 1,
  queued: 0,
} as const;
const plan = {
  context: { x: 16, y: 6, width: 704, height: 640 },
  workingSize: { width: 768, height: 704 },
  scale: 1.09,
  steps: 20,
  seconds: 38,
  memoryBytes: 4.1e9,
  notes: ['Scaled up a little.'],
};

const ready: readonly Action[] = [
  { type: 'serviceFound', status },
  { type: 'modelsListed', models: [checkpoint] },
  { type: 'planKnown', plan, thumbnail: 'data:image/png;base64,AAAA' },
];
const running: readonly Action[] = [
  {
    type: 'pressed',
    key: 'k',
    situation: 'fill',
    label: 'a boat',
    origin: {
      documentId: 'doc-1',
      documentName: 'photo.jpg',
      documentSize: { width: 64, height: 48 },
      layerId: '7',
    },
    count: 3,
  },
  { type: 'accepted', key: 'k', jobId: 'j', request: inpaintRequest },
  eventOf(1, { type: 'step', index: 1, step: 14, steps: 24, count: 3 }),
  eventOf(2, {
    type: 'preview',
    index: 1,
    step: 14,
    image: 'data:image/png;base64,BBBB',
    width: 8,
    height: 8,
    bounds: plan.context,
  }),
];

function eventOf(seq: number, event: object): Action {
  return {
    type: 'jobEvent',
    key: 'k',
    event: { ...event, jobId: 'j', seq } as JobEvent,
    atMs: seq,
  };
}

function sessionIn(
  actions: readonly Action[],
  kind: Session['hostKind'] = 'workbench',
  from?: Partial<SessionState>,
): Session {
  const state = actions.reduce(reduce, {
    ...initialState(defaultSettings, hostWithSelection),
    ...from,
  });
  const nothing = () => undefined;
  const session: Session = {
    hostKind: kind,
    getState: () => state,
    subscribe: () => nothing,
    change: nothing,
    chooseMode: nothing,
    generate: nothing,
    cancel: nothing,
    place: nothing,
    chooseResult: nothing,
    discardResult: nothing,
    discardRun: nothing,
    showThumbnail: nothing,
    reuse: nothing,
    pickRecipe: nothing,
    readRecipe: nothing,
    readLayerRecipe: nothing,
    applyRecipe: nothing,
    closeRecipe: nothing,
    showMasks: nothing,
    addControl: nothing,
    changeControl: nothing,
    removeControl: nothing,
    lookAtActiveLayer: nothing,
    pickControlPicture: nothing,
    showControlMap: nothing,
    showModelPictures: nothing,
    readStyles: nothing,
    readModels: nothing,
    lookAgain: nothing,
    pair: nothing,
    dismissNotice: nothing,
    retryNotice: nothing,
    end: nothing,
  };
  return session;
}

function draw(...scene: Parameters<typeof sessionIn>): string {
  return htmlOf(<Panel session={sessionIn(...scene)} />);
}

function drawIn(element: ReactElement, actions: readonly Action[]): string {
  return htmlOf(<SessionContext value={sessionIn(actions)}>{element}</SessionContext>);
}

function htmlOf(element: ReactElement): string {
  return renderToString(element).replaceAll('<!-- -->', '');
}

describe('the panel', () => {
  it('tells before a run what is read, how it runs and what it costs', () => {
    const html = draw(ready);
    for (const words of [
      '<b>Selection</b> 8 × 6',
      'sees 704 × 640 around it',
      'runs at 768 × 704, scaled ×1.09',
      '≈ 38 s · 4.1 GB',
      'Scaled up a little.',
      'Fill selection',
      'DPM++ 2M Karras · 24 steps · CFG 7 · seed random',
    ]) {
      expect(html).toContain(words);
    }
  });

  it('shows a run at work with its preview, and stays usable', () => {
    const html = draw([...ready, ...running]);
    for (const words of [
      'Filling “a boat”',
      '2 of 3',
      'preview, step 14',
      'step 14 of 24',
      'Stop',
      'Fill selection',
    ]) {
      expect(html).toContain(words);
    }
  });

  it('shows results with recipe and colour difference when one is chosen', () => {
    const html = draw([
      ...ready,
      ...running,
      eventOf(3, { type: 'result', result: resultInfo(inpaintRequest, 'j', 0) }),
      eventOf(4, { type: 'done' }),
      { type: 'placed', key: 'k', resultIds: ['result-0'] },
      { type: 'resultChosen', resultId: 'result-0' },
    ]);
    for (const words of [
      '✓ placed',
      'seed 5',
      'dE00 3.1 → 0.6',
      'Place again',
      'more like this',
      'Model One · DPM++ 2M Karras · ',
    ]) {
      expect(html).toContain(words);
    }
  });

  it.each([
    [
      'the service is down',
      { type: 'serviceLost', problem: problemOf('E_SERVICE_DOWN') },
      ['The service is not running.', 'Look again'],
    ],
    [
      'it is not paired',
      { type: 'pairingNeeded', problem: undefined },
      ['Pair this panel with the service.', 'Pair'],
    ],
    [
      'a result has no document',
      {
        type: 'noticed',
        notice: { problem: problemOf('E_HOST_DOCUMENT'), retry: { action: 'place', runKey: 'k' } },
      },
      ['is closed or has changed', 'Place again'],
    ],
  ] as const)('says what to do when %s', (_, action, words) => {
    const html = draw([...ready, action]);
    for (const word of words) expect(html).toContain(word);
  });

  it('says why a run failed and offers to run again where that helps', () => {
    const html = draw([
      ...ready,
      ...running.slice(0, 1),
      { type: 'refused', key: 'k', problem: problemOf('E_QUEUE_FULL') },
    ]);
    for (const word of [
      'The queue is full.',
      'Wait until some of it is done.',
      'Run again',
      '“a boat”',
    ]) {
      expect(html).toContain(word);
    }
  });

  it('offers the recipe of the active layer', () => {
    const html = draw(ready, 'workbench', {
      host: { ...hostWithSelection, layerRecipe: recipeOf(inpaintRequest) },
    });
    expect(html).toContain('This layer’s recipe');
  });

  it('shows a recipe with what is taken and what is not', () => {
    const offer = offerOfFile('fisherman.png', readRecipe, [checkpoint]);
    const html = draw([
      ...ready,
      { type: 'recipeRead', offer },
      { type: 'recipeUsed', part: 'seed' },
    ]);
    for (const words of [
      'Recipe of fisherman.png',
      'AUTOMATIC1111 v1.10.1, PNG text parameters',
      'an old fisherman',
      'avoid: blurry',
      'Its model “dreamshaper_8 [879db523c3]” is not in your library. Model One stays.',
      '4x-UltraSharp. There is no second pass.',
      '✓ Only seed',
    ]) {
      expect(html).toContain(words);
    }
  });

  it('counts tokens, and says at the prompt what cannot be read', () => {
    const one = { tokens: 14, limit: 75, unreadable: [] };
    const counts = { prompt: { ...one, unreadable: ['1.2.3'] }, negativePrompt: one };
    const html = draw([
      ...ready,
      { type: 'tokensCounted', counts },
      { type: 'settingsChanged', change: { prompt: 'a (boat:1.2.3)' } },
    ]);
    expect(html).toContain('14 / 75');
    expect(html).toContain('“1.2.3” is no weight');
    const long = draw([
      ...ready,
      { type: 'settingsChanged', change: { prompt: 'x'.repeat(20_001) } },
    ]);
    expect(long).toContain('It has 20001 characters; at most 20000 can be read.');
  });

  it('offers what the model was made for', () => {
    const suggested = { sampler: 'LCM', schedule: 'SGM Uniform', steps: 6, cfgScale: 1.5 };
    const html = draw([
      ...ready,
      { type: 'catalogueRead', catalogue },
      { type: 'modelsListed', models: [{ ...checkpoint, suggested }] },
    ]);
    expect(html).toContain('use 6 steps, CFG 1.5, LCM SGM Uniform?');
    expect(html).toContain('keep mine');
    expect(draw([...ready])).not.toContain('keep mine');
  });

  it('uses the tags that Photoshop draws itself, and none of the browser’s', () => {
    const html = draw([...ready, ...running], 'photoshop');
    expect(html).toContain('<sp-textarea');
    expect(html).toContain('<sp-dropdown');
    expect(html).toContain('<sp-progressbar');
    expect(html).not.toMatch(/<sp-(picker|progress-bar)/);
  });
});

describe('choosing a sampler', () => {
  const inside = (element: ReactElement, actions: readonly Action[]) =>
    drawIn(element, [...ready, { type: 'catalogueRead', catalogue }, ...actions]);
  const choosing = (change: Partial<SessionState['settings']>): Action => ({
    type: 'settingsChanged',
    change,
  });

  it('shows the sentence of what is chosen, and what automatic stands for', () => {
    const html = inside(<SamplerFields />, [
      choosing({ sampler: 'Euler a', schedule: 'automatic' }),
    ]);
    expect(html).toContain('Soft and painterly');
    expect(html).toContain('Automatic (Uniform)');
  });

  it.each(['DDIM', 'DDIMScheduler'])(
    'has no schedule to choose with %s and says why',
    (sampler) => {
      const html = inside(<SamplerFields />, [choosing({ sampler, schedule: 'karras' })]);
      expect(html).toContain('DDIM works on the model’s own timesteps; no other schedule fits.');
      expect(html).toMatch(/aria-label="Schedule"[^>]*aria-disabled="true"[^>]*tabindex="-1"/);
    },
  );

  it('says that a sampler is not known, and keeps its name', () => {
    const html = inside(<SamplerFields />, [choosing({ sampler: 'Dreamy' })]);
    expect(html).toContain('The service does not know “Dreamy”');
  });

  it('waits for the service', () => {
    const html = drawIn(<SamplerFields />, []);
    expect(html).toContain('The list comes from the service');
    expect(html).toContain('DPM++ 2M');
  });

  it('asks only what the sampler has', () => {
    const fields = (sampler: string) => {
      const html = inside(<SamplerSettings />, [choosing({ sampler, sChurn: 1 })]);
      return [...html.matchAll(/aria-label="([^"]+)"/g)].map((found) => found[1]);
    };
    expect(fields('DPM++ 2M')).toEqual([]);
    expect(fields('Euler a')).toEqual(['Eta', 'Step noise']);
    expect(fields('Euler')).toEqual([
      'Churn',
      'Churn from sigma',
      'Churn up to sigma',
      'Step noise',
    ]);
  });

  it('finds options by all words in name, other names and sentence', () => {
    const option = (value: string, about: string, aliases: string[]) => ({
      value,
      label: value,
      about,
      aliases,
    });
    const groups = [
      { label: 'A', options: [option('DPM++ 2M', 'A safe choice.', ['dpmpp_2m'])] },
      { label: 'B', options: [option('Euler a', 'Soft and painterly.', ['k_euler_a'])] },
    ];
    const found = (words: string) =>
      searchOptions(groups, words).flatMap((g) => g.options.map((o) => o.value));
    expect(found('')).toEqual(['DPM++ 2M', 'Euler a']);
    expect(found('SOFT euler')).toEqual(['Euler a']);
    expect(found('dpmpp')).toEqual(['DPM++ 2M']);
    expect(found('soft safe')).toEqual([]);
  });
});

describe('choosing styles', () => {
  const inside = (...actions: readonly Action[]) =>
    drawIn(<StylePicker onClose={() => undefined} />, [...ready, ...actions]);
  const read = (change: Partial<StyleList>): Action => ({
    type: 'stylesRead',
    styles: { ...styleList, ...change },
  });

  it('tells which of them are in the prompt', () => {
    const html = inside(read({}), {
      type: 'settingsChanged',
      change: { prompt: 'oil painting of a boat', negativePrompt: 'photo' },
    });
    expect(html).toContain('☐');
    expect(html).toContain('oil painting of {prompt} · avoid: photo');
    expect(html).toContain('In the prompt now: Oil');
  });

  it('shows the files where there are several, and what has no text cannot be chosen', () => {
    const [oil] = styleList.styles;
    const divider = { name: '---', prompt: '', negativePrompt: '', file: 'b/styles.csv' };
    const html = inside(read({ styles: oil ? [oil, divider] : [] }));
    expect(html).toContain('a/styles.csv');
    expect(html).toContain('b/styles.csv');
    expect(html).toContain('option-row is-disabled');
  });

  it('says where to put them, and which file cannot be read', () => {
    const html = inside(read({ styles: [], unreadable: ['data/styles.csv'] }));
    expect(html).toContain('styles.csv into /data and open');
    expect(html).toContain('data/styles.csv cannot be read.');
  });
});

describe('the advanced switches', () => {
  it('have fields of their own; what else a recipe set stands beside them', () => {
    const shown = (advanced: AdvancedSettings) => {
      return drawIn(<AdvancedExtras />, [{ type: 'settingsChanged', change: { advanced } }]);
    };
    const [none, both] = [shown({}), shown({ exactSteps: true, tinyDecoder: true, rho: 5 })];
    expect(none.match(/<sp-checkbox/g)).toHaveLength(2);
    expect(none).not.toContain('From a recipe');
    expect(both).toContain('rho 5');
    expect(both).not.toContain('tiny decoder');
  });
});

describe('the advanced line', () => {
  it('tells what is not as usual', () => {
    expect(advancedLine(defaultSettings)).toBe('all as usual');
    const settings = {
      ...defaultSettings,
      clipSkip: 2,
      dialect: 'a1111',
      variationStrength: 0.2,
      variationSeed: 5,
      vae: 'v',
      advanced: { exactSteps: true },
    } as const;
    expect(advancedLine(settings)).toBe(
      'variation 0.2 towards seed 5 · clip skip 2 · rules AUTOMATIC1111 · exact steps yes · own VAE',
    );
  });
});

describe('numbers and words', () => {
  it.each([
    ['12 px', 12],
    ['0,5', 0.5],
  ])('reads %j as %s', (text, number) => {
    expect(readNumber(text, { min: 0, max: 500 }, 1)).toEqual({ number });
  });

  it.each([
    ['900', 'It goes from 0 to 500.'],
    ['-3', 'It goes from 0 to 500.'],
    ['abc', 'A number is needed here.'],
    ['', 'A number is needed here.'],
  ])('says what is wrong with %j', (text, problem) => {
    expect(readNumber(text, { min: 0, max: 500 }, 1)).toEqual({ problem });
  });

  it('words times, sizes and costs', () => {
    expect([timeWords(1.26), timeWords(38.4), timeWords(125)]).toEqual([
      '1.3 s',
      '38 s',
      '2 min 5 s',
    ]);
    expect(workingWords({ ...plan, scale: 1 })).toBe('runs at 768 × 704');
    const { seconds: _s, memoryBytes: _m, ...unmeasured } = plan;
    expect(costWords(unmeasured)).toBeUndefined();
  });
});
