import { afterEach, describe, expect, it } from 'vitest';
import { startSession, type Session } from '../../../plugin/session/session.ts';
import { activeSampler, mainButton } from '../../../plugin/session/select.ts';
import { PentimentoError } from '../../../shared/errors.ts';
import { maxPromptCharacters } from '../../../shared/limits.ts';
import {
  checkpoint,
  fakeClient,
  fakeHost,
  hostWithSelection,
  inpaintRequest,
  recipeOf,
  sessionOptions,
  styleList,
} from '../../fakes/session.ts';
import { eventually } from '../../fixtures/eventually.ts';

let session: Session | undefined;
afterEach(() => session?.end());

async function begin(host = fakeHost(), client = fakeClient(), stored = new Map<string, string>()) {
  const started = startSession(sessionOptions(host, client, stored));
  session = started;
  await eventually(() => expect(started.getState().plan.phase).not.toBe('none'));
  return { session: started, host, client };
}

async function untilDone(s: Session) {
  await eventually(() => {
    expect(s.getState().runs[0]?.phase.state).toBe('done');
  });
  await eventually(() => expect(s.getState().runs[0]?.results.every((r) => r.isPlaced)).toBe(true));
}

describe('a press of the button', () => {
  it('reads only what the plan asks for and places one layer above the source', async () => {
    const { session: s, host, client } = await begin();
    s.change({ prompt: 'a boat' });
    s.generate();
    await untilDone(s);
    expect(host.captures).toEqual([
      {
        documentId: 'doc-1',
        region: { x: 16, y: 6, width: 16, height: 14 },
        source: 'composite',
        withMask: true,
      },
    ]);
    expect(client.submitted).toMatchObject([
      { key: 'key-0', planes: ['picture', 'mask'], request: { kind: 'inpaint', prompt: 'a boat' } },
    ]);
    expect(host.placements).toMatchObject([
      {
        documentId: 'doc-1',
        aboveLayerId: '7',
        historyName: 'Fill selection',
        pictures: [{ name: 'a boat' }],
      },
    ]);
  });

  it('places several variants as one group when all are there', async () => {
    const { session: s, host } = await begin();
    s.change({ prompt: 'a boat', count: 3 });
    s.generate();
    await untilDone(s);
    expect(host.placements).toHaveLength(1);
    expect(host.placements[0]?.groupName).toBe('a boat');
    expect(host.placements[0]?.pictures.map((p) => p.name)).toEqual([
      'a boat · 1',
      'a boat · 2',
      'a boat · 3',
    ]);
  });

  it('puts the next result above the last one from the same layer', async () => {
    const { session: s, host } = await begin();
    s.generate();
    await untilDone(s);
    s.generate();
    await eventually(() => expect(host.placements).toHaveLength(2));
    expect(host.placements[1]?.aboveLayerId).toBe('100');
  });

  it('uses a new key for each press, so that nothing runs twice and everything runs', async () => {
    const { session: s, client } = await begin();
    s.generate();
    s.generate();
    await eventually(() => expect(client.submitted).toHaveLength(2));
    expect(client.submitted.map((j) => j.key)).toEqual(['key-0', 'key-1']);
  });

  it('sends no pixels when there is nothing to start from', async () => {
    const host = fakeHost({
      ...hostWithSelection,
      selectionBounds: undefined,
      layerBounds: undefined,
    });
    const { session: s, client } = await begin(host);
    s.generate();
    await untilDone(s);
    expect(client.submitted).toMatchObject([{ planes: [], request: { kind: 'text' } }]);
    expect(client.submitted[0]?.request.document.layer).toBeUndefined();
  });

  it('removes without a model', async () => {
    const { session: s, client } = await begin(fakeHost(), fakeClient([]));
    s.generate();
    await untilDone(s);
    expect(client.submitted).toMatchObject([{ request: { kind: 'remove' } }]);
  });
});

describe('when something goes wrong', () => {
  it('says so in the run, keeps what was typed and offers to look again', async () => {
    const client = fakeClient();
    client.submit = () => Promise.reject(new PentimentoError('E_SERVICE_DOWN'));
    const { session: s } = await begin(fakeHost(), client);
    s.change({ prompt: 'a boat' });
    s.generate();
    await eventually(() => expect(s.getState().runs[0]?.phase.state).toBe('failed'));
    expect(s.getState().service.phase).toBe('down');
    expect(s.getState().settings.prompt).toBe('a boat');
    client.submit = fakeClient().submit;
    s.lookAgain();
    await eventually(() => expect(s.getState().service.phase).toBe('ready'));
  });

  it('keeps results when the document is gone, and places them when asked again', async () => {
    const host = fakeHost();
    const place = host.place;
    host.place = () => Promise.reject(new PentimentoError('E_HOST_DOCUMENT'));
    const { session: s } = await begin(host);
    s.generate();
    await eventually(() => expect(s.getState().notice?.problem.code).toBe('E_HOST_DOCUMENT'));
    expect(s.getState().runs[0]?.results).toHaveLength(1);
    host.place = place;
    s.retryNotice();
    await untilDone(s);
    expect(s.getState().notice).toBeUndefined();
  });

  it('stays usable when the models cannot be listed, and says so', async () => {
    const client = fakeClient();
    const { models } = client;
    client.models = () => Promise.reject(new PentimentoError('E_STORAGE'));
    const { session: s, host } = await begin(fakeHost(), client);
    expect(s.getState().service.phase).toBe('ready');
    expect(s.getState().notice?.problem.code).toBe('E_STORAGE');
    s.generate();
    await eventually(() => expect(host.placements).toHaveLength(1));
    client.models = models;
    s.lookAgain();
    await eventually(() => expect(s.getState().models).toHaveLength(1));
  });

  it('asks for pairing when the token is refused', async () => {
    const client = fakeClient();
    const status = client.status;
    client.status = () => Promise.reject(new PentimentoError('E_AUTH_REQUIRED'));
    const s = startSession(sessionOptions(fakeHost(), client));
    session = s;
    await eventually(() => expect(s.getState().service.phase).toBe('pairing'));
    client.status = status;
    s.pair('123456');
    await eventually(() => expect(s.getState().service.phase).toBe('ready'));
  });

  it('refuses an empty selection before anything is sent', async () => {
    const host = fakeHost();
    const capture = host.capture;
    host.capture = async (request) => {
      const full = await capture(request);
      return {
        ...full,
        mask: full.mask && { ...full.mask, data: new Uint8Array(full.mask.data.length) },
      };
    };
    const { session: s, client } = await begin(host);
    s.generate();
    await eventually(() =>
      expect(s.getState().runs[0]?.phase).toMatchObject({ problem: { code: 'E_MASK_EMPTY' } }),
    );
    expect(client.submitted).toEqual([]);
  });
});

describe('the session', () => {
  it('cancels by job id', async () => {
    const client = fakeClient();
    client.events = (_, { signal }) =>
      new Promise((resolve) => signal?.addEventListener('abort', () => resolve([])));
    const { session: s } = await begin(fakeHost(), client);
    s.generate();
    await eventually(() => expect(s.getState().runs[0]?.jobId).toBe('job-0'));
    s.cancel('key-0');
    await eventually(() => expect(client.cancelled).toEqual(['job-0']));
    expect(s.getState().runs[0]?.isStopping).toBe(true);
  });

  it('keeps settings over a restart', async () => {
    const stored = new Map<string, string>();
    const { session: first } = await begin(fakeHost(), fakeClient(), stored);
    first.change({ prompt: 'kept' });
    first.end();
    const { session: second } = await begin(fakeHost(), fakeClient(), stored);
    expect(second.getState().settings.prompt).toBe('kept');
  });

  it('plans again when the selection changes, and not when nothing did', async () => {
    const { client, host } = await begin();
    const before = client.planned.length;
    host.change({ ...hostWithSelection });
    expect(client.planned).toHaveLength(before);
    host.change({ ...hostWithSelection, selectionBounds: { x: 1, y: 1, width: 30, height: 30 } });
    await eventually(() => expect(client.planned).toHaveLength(before + 1));
  });

  it('takes over a recipe with its seed, or with a free one', async () => {
    const { session: s } = await begin();
    s.reuse(recipeOf(inpaintRequest), 'same');
    expect(s.getState().settings).toMatchObject({ prompt: 'a boat', seed: 5, isSeedFixed: true });
    s.reuse(recipeOf(inpaintRequest), 'free');
    expect(s.getState().settings).toMatchObject({ isSeedFixed: false, count: 3 });
  });
});

describe('what the service tells beforehand', () => {
  it('counts tokens a moment after typing', async () => {
    const { session: s } = await begin();
    s.change({ prompt: 'a red boat', negativePrompt: 'fog' });
    await eventually(() => {
      expect(s.getState().tokens).toMatchObject({
        prompt: { tokens: 3, limit: 75 },
        negativePrompt: { tokens: 1 },
      });
    });
  });

  it('does without a counter when it cannot be had', async () => {
    const client = fakeClient();
    client.countTokens = () => Promise.reject(new PentimentoError('E_NOT_FOUND'));
    const { session: s } = await begin(fakeHost(), client);
    s.change({ prompt: 'a red boat' });
    await eventually(() => expect(s.getState().plan.phase).toBe('known'));
    expect(s.getState().tokens).toBeUndefined();
    expect(s.getState().notice).toBeUndefined();
  });

  it('reads styles and models anew when they are looked at, and says when that fails', async () => {
    const client = fakeClient([]);
    const { session: s } = await begin(fakeHost(), client);
    expect(s.getState().styles).toBeUndefined();
    client.models = () => Promise.resolve({ models: [checkpoint], folders: [] });
    s.readStyles();
    s.readModels();
    await eventually(() => {
      expect(s.getState().styles).toEqual(styleList);
      expect(s.getState().models).toEqual([checkpoint]);
    });
    client.models = () => Promise.reject(new PentimentoError('E_STORAGE'));
    s.readModels();
    await eventually(() => expect(s.getState().notice?.problem.code).toBe('E_STORAGE'));
    expect(s.getState().models).toEqual([checkpoint]);
  });

  it('sends no prompt that is too long, and keeps it', async () => {
    const { session: s, client } = await begin();
    s.change({ prompt: 'x'.repeat(maxPromptCharacters + 1) });
    expect(mainButton(s.getState())).toMatchObject({
      isEnabled: false,
      hint: 'The prompt is too long.',
    });
    s.generate();
    expect(client.submitted).toEqual([]);
    expect(s.getState().settings.prompt).toHaveLength(maxPromptCharacters + 1);
  });

  it('knows the sampler by any of its names', async () => {
    const { session: s } = await begin();
    await eventually(() => expect(activeSampler(s.getState())?.name).toBe('DPM++ 2M'));
    s.change({ sampler: 'k_euler_a' });
    expect(activeSampler(s.getState())?.name).toBe('Euler a');
    s.change({ sampler: 'no such thing' });
    expect(activeSampler(s.getState())).toBeUndefined();
  });
});

describe('a recipe', () => {
  const file = { name: 'fisherman.png', bytes: new ArrayBuffer(4) };

  it('is shown before it is used, and used as far as the artist says', async () => {
    const { session: s } = await begin();
    s.change({ prompt: 'mine', steps: 9 });
    s.readRecipe(file);
    expect(s.getState().recipe).toEqual({ phase: 'reading', title: 'fisherman.png' });
    await eventually(() => expect(s.getState().recipe.phase).toBe('shown'));
    expect(s.getState().settings).toMatchObject({ prompt: 'mine', steps: 9 });
    s.applyRecipe('seed');
    expect(s.getState().settings).toMatchObject({ prompt: 'mine', seed: 3735928559, steps: 9 });
    expect(s.getState().recipe).toMatchObject({ used: 'seed' });
    s.applyRecipe('all');
    expect(s.getState().settings).toMatchObject({ prompt: 'an old fisherman', steps: 28 });
    s.closeRecipe();
    expect(s.getState().recipe).toEqual({ phase: 'none' });
    s.applyRecipe('all');
    expect(s.getState().recipe).toEqual({ phase: 'none' });
  });

  it('is said to be missing, and nothing is lost', async () => {
    const { session: s } = await begin();
    s.change({ prompt: 'mine' });
    s.readRecipe({ name: 'plain.jpg', bytes: new ArrayBuffer(0) });
    await eventually(() => {
      expect(s.getState().recipe).toMatchObject({
        phase: 'failed',
        title: 'plain.jpg',
        problem: { code: 'E_RECIPE_NONE' },
      });
    });
    expect(s.getState().settings.prompt).toBe('mine');
  });

  it('comes from a file that is chosen, or from none', async () => {
    const options = sessionOptions(fakeHost(), fakeClient());
    let chosen: typeof file | undefined;
    const s = startSession({ ...options, pickPicture: () => Promise.resolve(chosen) });
    session = s;
    s.pickRecipe();
    await Promise.resolve();
    expect(s.getState().recipe.phase).toBe('none');
    chosen = file;
    s.pickRecipe();
    await eventually(() => expect(s.getState().recipe.phase).toBe('shown'));
  });

  it('comes from the active layer', async () => {
    const host = fakeHost({ ...hostWithSelection, layerRecipe: recipeOf(inpaintRequest) });
    const { session: s } = await begin(host);
    s.readLayerRecipe();
    expect(s.getState().recipe).toMatchObject({
      phase: 'shown',
      offer: { title: 'Background', change: { prompt: 'a boat' } },
    });
  });
});
