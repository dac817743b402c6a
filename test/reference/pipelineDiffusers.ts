import { Unsupported, type Case } from './case.ts';

export function checkDiffusers(c: Case): Promise<Record<string, unknown>> {
  throw new Unsupported(`pipelines of ${String(c.input['dialect'])}`);
}
