import { renderToString } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { numberOf } from '../../../plugin/panel/controls/NumberField.tsx';
import { Panel } from '../../../plugin/panel/Panel.tsx';
import { costWords, timeWords, workingWords } from '../../../plugin/panel/words.ts';
import { reduce, type Action } from '../../../plugin/session/reduce.ts';
import type { Session } from '../../../plugin/session/session.ts';
import { defaultSettings } from '../../../plugin/session/settings.ts';
import { initialState, type SessionState } from '../../../plugin/session/state.ts';
import { problemOf } from '../../../shared/errors.ts';
import type { JobEvent } from '../../../shared/event.ts';
import {
  checkpoint,
  hostWithSelection,
  inpaintRequest,
  recipeOf,
  resultInfo,
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

function draw(
  actions: readonly Action[],
  kind: Session['hostKind'] = 'workbench',
  from?: Partial<SessionState>,
) {
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
    lookAgain: nothing,
    pair: nothing,
    dismissNotice: nothing,
    retryNotice: nothing,
    end: nothing,
  };
  return renderToString(<Panel session={session} />).replaceAll('<!-- -->', '');
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
      'Model One · DPM++ 2M karras',
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

  it('uses the tags that Photoshop draws itself, and none of the browser’s', () => {
    const html = draw([...ready, ...running], 'photoshop');
    expect(html).toContain('<sp-textarea');
    expect(html).toContain('<sp-dropdown');
    expect(html).toContain('<sp-progressbar');
    expect(html).not.toMatch(/<sp-(picker|progress-bar)/);
  });
});

describe('numbers and words', () => {
  it.each([
    ['12 px', 12],
    ['0,5', 0.5],
    ['900', 500],
    ['-3', 0],
    ['abc', undefined],
    ['', undefined],
  ])('reads %j as %s', (text, expected) => {
    expect(numberOf(text, { min: 0, max: 500 }, 1)).toBe(expected);
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
