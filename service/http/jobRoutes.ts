/** Jobs over HTTP: submit, look, listen, cancel. */
import { randomInt } from 'node:crypto';
import { Hono } from 'hono';
import { z } from 'zod';
import type { JobCreated, JobList, JobSummary } from '../../shared/api.ts';
import { PentimentoError } from '../../shared/errors.ts';
import { maxFrameBytes } from '../../shared/limits.ts';
import { needsModel, type GenerateRequest } from '../../shared/request.ts';
import type { Job } from '../jobs/jobTable.ts';
import { askedParts, stageFiles, withStageIds, withUpscalerIds } from '../jobs/stageFiles.ts';
import { announcedLength, bodyChunks, parseSettings } from './body.ts';
import { readRequest } from './checkRequest.ts';
import { scopeOf, type AppEnv, type AppParts, type ModelSource } from './parts.ts';

const finalStates = new Set(['done', 'failed', 'cancelled']);

const EventsQuery = z.object({
  after: z.coerce.number().int().min(-1).default(0),
  /** Seconds to wait for something new. */
  wait: z.coerce.number().min(0).max(60).default(0),
});
const ListQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(30),
  /** Only jobs older than this one. */
  before: z.string().max(100).optional(),
});
const IdempotencyKey = z.string().min(1).max(200).optional();

export function jobRoutes(parts: AppParts): Hono<AppEnv> {
  const { jobs, events, queue } = parts;
  const app = new Hono<AppEnv>();

  app.post('/', async (c) => {
    const key = parseSettings(c.req.header('idempotency-key'), IdempotencyKey);
    const answer = await submit(parts, c.env.incoming, { clientId: c.var.client.id, key });
    const created: JobCreated = { id: answer.id };
    return c.json(created, answer.isNew ? 201 : 200);
  });

  app.get('/', (c) => {
    const page = parseSettings(c.req.query(), ListQuery);
    const found = jobs.list(scopeOf(c.var.client), page);
    const list: JobList = { jobs: found.map((job) => summaryOf(parts, job)) };
    return c.json(list);
  });

  app.get('/:id', (c) => {
    const job = jobs.get(c.req.param('id'), scopeOf(c.var.client));
    if (!job) throw new PentimentoError('E_JOB_UNKNOWN');
    return c.json(summaryOf(parts, job));
  });

  app.get('/:id/events', async (c) => {
    const { after, wait } = parseSettings(c.req.query(), EventsQuery);
    const job = jobs.get(c.req.param('id'), scopeOf(c.var.client));
    if (!job) throw new PentimentoError('E_JOB_UNKNOWN');
    const waitMs = finalStates.has(job.state) ? 0 : wait * 1000;
    const gone = new AbortController();
    const abort = () => gone.abort();
    c.env.outgoing.once('close', abort);
    try {
      const found = await events.wait(job.id, after, waitMs, gone.signal);
      // An empty answer would be asked again at once; this one tells the reader to be patient.
      if (found.length === 0 && waitMs > 0 && events.isClosed) {
        throw new PentimentoError('E_SHUTTING_DOWN');
      }
      return c.json(found);
    } finally {
      c.env.outgoing.off('close', abort);
    }
  });

  app.post('/:id/cancel', (c) => {
    const job = queue.cancel(c.req.param('id'), scopeOf(c.var.client));
    return c.json(summaryOf(parts, job));
  });

  return app;
}

async function submit(
  parts: AppParts,
  incoming: AppEnv['Bindings']['incoming'],
  from: { clientId: string; key: string | undefined },
): Promise<{ id: string; isNew: boolean }> {
  const { blobs, queue } = parts;
  queue.assertOpen();
  await blobs.assertRoomFor(announcedLength(incoming, maxFrameBytes));
  const body = await blobs.receive(bodyChunks(incoming), maxFrameBytes);
  try {
    const sent = { clientId: from.clientId, idempotencyKey: from.key, body };
    const earlier = queue.earlier(sent);
    if (earlier !== undefined) return { id: earlier, isNew: false };
    const asked = await readRequest(body.path, body.sizeBytes);
    parts.validate(asked);
    const request = fixSeed(await fixModel(asked, parts.models));
    return await queue.submit({ ...sent, request });
  } finally {
    // Nothing is there any more when the queue took it over.
    await blobs.drop(body.path);
  }
}

/** From here on the request makes the same picture whenever it runs. */
function fixSeed(request: GenerateRequest): GenerateRequest {
  const fixed = (seed: number) => (seed >= 0 ? seed : randomInt(2 ** 32));
  const own = { ...request, seed: fixed(request.seed) };
  if (!needsModel(own) || own.variation === undefined) return own;
  return { ...own, variation: { ...own.variation, seed: fixed(own.variation.seed) } };
}

/** Unknown or unusable models fail now, not after a wait in the queue; a name becomes an id. */
async function fixModel(request: GenerateRequest, models: ModelSource): Promise<GenerateRequest> {
  if (request.kind === 'remove' || request.kind === 'expand-patches') return request;
  if (request.kind === 'upscale')
    return withUpscalerIds(request, await stageFiles(request, undefined, models));
  const asked = request.model === '' ? await firstCheckpoint(models) : request.model;
  const files = await models.files(asked, askedParts(request));
  const { reference, rest, controls: found = [] } = files;
  const staged = withStageIds(request, await stageFiles(request, files, models));
  const lender = rest ? { partsFrom: rest.reference.id } : {};
  const fixed = { ...staged, model: reference.id, ...lender };
  const controls = request.controls?.map((unit, i) => ({
    ...unit,
    model: found[i]?.id ?? unit.model,
  }));
  return controls ? { ...fixed, controls } : fixed;
}

async function firstCheckpoint(models: ModelSource): Promise<string> {
  const first = (await models.list()).find((m) => m.kind === 'checkpoint' && m.usable);
  if (!first) throw new PentimentoError('E_MODEL_NONE');
  return first.id;
}

function summaryOf(parts: AppParts, job: Job): JobSummary {
  return {
    id: job.id,
    state: job.state,
    createdAt: new Date(job.createdAt).toISOString(),
    request: job.request,
    results: parts.jobs.resultsOf(job.id),
    ...(job.problem ? { problem: job.problem } : {}),
  };
}
