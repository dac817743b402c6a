/** The command line's side of the HTTP API. Every answer is parsed through the shared contracts. */
import { randomUUID } from 'node:crypto';
import { z, type ZodType } from 'zod';
import { JobCreated, ModelList, PairingCode, SamplingCatalogue, Status } from '../../shared/api.ts';
import { errorOfProblem, PentimentoError, Problem } from '../../shared/errors.ts';
import { isFinal, JobEvent } from '../../shared/event.ts';
import { decodeFrame, encodeFrame, type Frame } from '../../shared/frame.ts';
import { Plan, type PlanRequest } from '../../shared/plan.ts';

export interface ServiceClient {
  status(): Promise<Status>;
  models(): Promise<ModelList>;
  samplers(): Promise<SamplingCatalogue>;
  plan(request: PlanRequest): Promise<Plan>;
  /** A MaskRequest with its selection (shared/preview.ts) as both masks. */
  masks(frame: Frame): Promise<Frame>;
  submit(frame: Frame): Promise<string>;
  /** Events until the job ends; `signal` cancels the job. */
  events(jobId: string, signal: AbortSignal): AsyncGenerator<JobEvent>;
  result(id: string): Promise<Frame>;
  pairingCode(): Promise<PairingCode>;
}

/** Long polling: the service answers at the latest after this. */
const waitSeconds = 25;

export function makeClient(url: string, token: string): ServiceClient {
  const send = (path: string, init: RequestInit = {}) => request(`${url}${path}`, token, init);
  const read = async <T>(path: string, schema: ZodType<T>, init?: RequestInit): Promise<T> =>
    schema.parse(await (await send(path, init)).json());
  const post = (body: unknown): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return {
    status: () => read('/v1/status', Status),
    models: () => read('/v1/models', ModelList),
    samplers: () => read('/v1/samplers', SamplingCatalogue),
    plan: (body) => read('/v1/plan', Plan, post(body)),
    async masks(frame) {
      const headers = { 'content-type': 'application/octet-stream' };
      const body = encodeFrame(frame);
      const answer = await send('/v1/masks', { method: 'POST', headers, body });
      return decodeFrame(new Uint8Array(await answer.arrayBuffer()));
    },
    pairingCode: () => read('/v1/pairings', PairingCode, { method: 'POST' }),
    async submit(frame) {
      const created = await read('/v1/jobs', JobCreated, {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream', 'idempotency-key': randomUUID() },
        body: encodeFrame(frame),
      });
      return created.id;
    },
    async *events(jobId, signal) {
      const cancel = () =>
        void send(`/v1/jobs/${jobId}/cancel`, { method: 'POST' }).catch(() => {});
      signal.addEventListener('abort', cancel, { once: true });
      if (signal.aborted) cancel();
      let after = -1;
      for (;;) {
        const path = `/v1/jobs/${jobId}/events?after=${after}&wait=${waitSeconds}`;
        for (const event of await read(path, z.array(JobEvent))) {
          after = Math.max(after, event.seq);
          yield event;
          if (isFinal(event)) return;
        }
      }
    },
    async result(id) {
      const answer = await send(`/v1/results/${id}/frame`);
      return decodeFrame(new Uint8Array(await answer.arrayBuffer()));
    },
  };
}

async function request(url: string, token: string, init: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${token}`);
    // While this program works on pixels it hears nothing, so it would ask again on a connection that the
    // service has closed meanwhile (five seconds are enough) and take it for gone.
    headers.set('connection', 'close');
    answer = await fetch(url, { ...init, headers });
  } catch (cause) {
    throw new PentimentoError('E_SERVICE_DOWN', undefined, { cause });
  }
  if (answer.ok) return answer;
  const problem = Problem.safeParse(await answer.json().catch(() => undefined));
  throw problem.success ? errorOfProblem(problem.data) : new PentimentoError('E_INTERNAL');
}
