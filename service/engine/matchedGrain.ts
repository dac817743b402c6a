/** The last touch of a run that asks for it: the surroundings' grain on what was painted. */
import type { GenerateRequest } from '../../shared/request.ts';
import { matchGrain } from './picture/grain/matchGrain.ts';
import type { Finished } from './picture/prepare.ts';
import { giveWayBetween } from './picture/sliced.ts';
import type { JobTools, Scene } from './runJob.ts';

const grainBudgetMs = 10 * 60_000;

/** As it is where the request asks for no grain. Throws E_CANCELLED. */
export async function matchedGrain(
  finished: Finished,
  of: { readonly scene: Scene; readonly seed: number; readonly tools: JobTools },
): Promise<Finished> {
  const { scene, seed, tools } = of;
  const strength = grainMatchOf(scene.request);
  if (strength === 0 || !scene.picture) return finished;
  tools.onStage('matching the grain', grainBudgetMs);
  const work = matchGrain(finished, scene.picture, { strength, seed });
  const { color, report } = await giveWayBetween(work, { signal: tools.signal });
  return { ...finished, color, ...(report ? { grain: report } : {}) };
}

function grainMatchOf(request: GenerateRequest): number {
  return 'grainMatch' in request ? (request.grainMatch ?? 0) : 0;
}
