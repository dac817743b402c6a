/** Errors: how a failure is thrown, and how it travels. The codes themselves are in errorTable.ts. */
import { z } from 'zod';
import type { ErrorEntry } from './errorEntry.ts';
import { errorTable } from './errorTable.ts';

export type ErrorCode = keyof typeof errorTable;
export const errorCodes = Object.keys(errorTable) as readonly ErrorCode[];
export const ErrorCode = z.enum(errorCodes as [ErrorCode, ...ErrorCode[]]);

export function errorEntry(code: ErrorCode): ErrorEntry {
  return errorTable[code];
}

/** What travels: RFC 9457 problem details with our own `code` and `next`. */
export const Problem = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: ErrorCode,
  /** What exactly, for this case; one sentence, no paths. */
  detail: z.string().optional(),
  next: z.string(),
  retryable: z.boolean(),
  jobId: z.string().optional(),
});
export type Problem = z.infer<typeof Problem>;

/** The only error class thrown on purpose. `detail` is shown to the user; `cause` only to the log. */
export class PentimentoError extends Error {
  readonly code: ErrorCode;
  readonly detail: string | undefined;

  constructor(code: ErrorCode, detail?: string, options?: { cause?: unknown }) {
    super(detail ? `${errorTable[code].title} ${detail}` : errorTable[code].title, options);
    this.name = 'PentimentoError';
    this.code = code;
    this.detail = detail;
  }
}

export function problemOf(code: ErrorCode, detail?: string): Problem {
  const entry: ErrorEntry = errorTable[code];
  return {
    type: `pentimento:${code}`,
    title: entry.title,
    status: entry.status,
    code,
    ...(detail === undefined ? {} : { detail }),
    next: entry.next,
    retryable: entry.retryable ?? false,
  };
}

/** Any thrown value as a Problem; what is not ours becomes E_INTERNAL without its text. */
export function toProblem(error: unknown): Problem {
  if (error instanceof PentimentoError) return problemOf(error.code, error.detail);
  return problemOf('E_INTERNAL');
}

/** A Problem that arrived, as an error to throw. */
export function errorOfProblem(problem: Problem): PentimentoError {
  return new PentimentoError(problem.code, problem.detail);
}
