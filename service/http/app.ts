/** The HTTP API: one middleware decides who may do what, then each room's routes. */
import { Hono } from 'hono';
import {
  PairRequest,
  TokenRequest,
  type Health,
  type PairAnswer,
  type PairingCode,
} from '../../shared/api.ts';
import { PentimentoError, problemOf } from '../../shared/errors.ts';
import { apiVersion } from '../../shared/limits.ts';
import { PlanRequest } from '../../shared/plan.ts';
import type { StyleList } from '../../shared/styles.ts';
import { findStyles } from '../recipes/styleFiles.ts';
import { commonHeaders, onError, problemResponse } from './answers.ts';
import { authenticate } from './authentication.ts';
import { readJson } from './body.ts';
import { jobRoutes } from './jobRoutes.ts';
import { modelRoutes } from './modelRoutes.ts';
import { failureLimiter } from './limiter.ts';
import type { AppEnv, AppParts } from './parts.ts';
import { pictureRoutes } from './pictureRoutes.ts';
import { previewRoutes } from './previewRoutes.ts';
import { recipeRoutes } from './recipeRoutes.ts';
import { resultRoutes } from './resultRoutes.ts';
import { listWorkbench, workbenchResponse, type WorkbenchFile } from './workbenchFiles.ts';

/** Wrong tokens and codes: this many at once, then one per two seconds. */
const failureBurst = 30;
const failureRefillMs = 2_000;

export function createApp(parts: AppParts): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const pages = listWorkbench(parts.workbenchDir);
  const failures = failureLimiter(parts.clock, failureBurst, failureRefillMs);

  app.onError(onError(parts.log));
  app.notFound(() => problemResponse(problemOf('E_NOT_FOUND')));
  app.use('*', async (c, next) => {
    const { method, path } = c.req;
    // Everything needs a token but this short list: a route that is forgotten here stays shut.
    if (!isOpen(method, path, pages)) {
      c.set('client', authenticate(c.req.header('authorization'), parts.clients, failures));
    }
    await next();
    for (const [name, value] of Object.entries(commonHeaders)) {
      if (!c.res.headers.has(name)) c.res.headers.set(name, value);
    }
  });

  app.get('/healthz', (c) => c.json<Health>({ ok: true, apiVersion }));
  app.post('/v1/pair', async (c) => {
    const asked = await readJson(c.env.incoming, PairRequest);
    if (!failures.canFail()) throw new PentimentoError('E_TOO_MANY_TRIES');
    try {
      parts.pairing.redeem(asked.code);
    } catch (error) {
      failures.fail();
      throw error;
    }
    const { token, client } = parts.clients.issue(asked.clientName);
    return c.json<PairAnswer>({ token, clientId: client.id });
  });
  app.post('/v1/pairings', (c) => {
    const { code, expiresAt } = parts.pairing.open();
    return c.json<PairingCode>({ code, expiresAt: new Date(expiresAt).toISOString() });
  });
  app.get('/v1/status', (c) => c.json(parts.status()));
  app.post('/v1/plan', async (c) =>
    c.json(await parts.plan(await readJson(c.env.incoming, PlanRequest))),
  );
  app.get('/v1/samplers', (c) => c.json(parts.samplers()));
  app.get('/v1/styles', async (c) =>
    c.json<StyleList>(await findStyles(parts.dataDir, parts.modelFolders)),
  );
  app.post('/v1/tokens', async (c) =>
    c.json(parts.countTokens(await readJson(c.env.incoming, TokenRequest))),
  );
  app.route('/v1/models', modelRoutes(parts));
  app.route('/v1/jobs', jobRoutes(parts));
  app.route('/v1/results', resultRoutes(parts));
  app.route('/v1/pictures', pictureRoutes(parts));
  app.route('/v1/recipes', recipeRoutes(parts));
  app.route('/v1', previewRoutes(parts));
  app.get('*', async (c, next) => {
    const page = pages.get(c.req.path);
    return page ? workbenchResponse(page) : next();
  });
  return app;
}

function isOpen(method: string, path: string, pages: ReadonlyMap<string, WorkbenchFile>): boolean {
  if (method === 'POST') return path === '/v1/pair';
  return (method === 'GET' || method === 'HEAD') && (path === '/healthz' || pages.has(path));
}
