/** Answers that are not results: problems (RFC 9457), and the headers that every answer carries. */
import type { ServerResponse } from 'node:http';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { problemOf, toProblem, PentimentoError, type Problem } from '../../shared/errors.ts';
import { reasonOf, type Log } from '../jobs/logFile.ts';

/** For everything but the workbench's pages: nothing may be loaded, framed or kept. */
export const commonHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};

function headersOf(problem: Problem): Record<string, string> {
  return {
    ...commonHeaders,
    'content-type': 'application/problem+json',
    ...(problem.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...(problem.status === 429 || problem.status === 503 ? { 'retry-after': '5' } : {}),
  };
}

export function problemResponse(problem: Problem): Response {
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: headersOf(problem),
  });
}

/** The same for a request that never reached the app. */
export function writeProblem(outgoing: ServerResponse, problem: Problem): void {
  outgoing.writeHead(problem.status, { ...headersOf(problem), connection: 'close' });
  outgoing.end(JSON.stringify(problem));
}

/** Every thrown value becomes a Problem; what is not ours is logged and shown as E_INTERNAL. */
export function onError(log: Log) {
  return (error: Error, c: Context): Response => {
    if (error instanceof HTTPException) {
      return problemResponse(problemOf(error.status === 404 ? 'E_NOT_FOUND' : 'E_JSON'));
    }
    const problem = toProblem(error);
    if (!(error instanceof PentimentoError) || problem.status >= 500) {
      log('request failed', { path: c.req.path, code: problem.code, reason: reasonOf(error) });
    }
    return problemResponse(problem);
  };
}
