/** Expanding told before it starts: its passes, each at the model's size. Pure. */
import { rectOfSize, type Rect } from '../../../shared/geometry.ts';
import type { Plan, PlannedPass, PlanRequest } from '../../../shared/plan.ts';
import { expandPasses, seenOfDocument } from './expandPasses.ts';
import { fixedWorkingSize } from './workingSize.ts';

/** Patches are looked for in everything that a pass sees: the fewer passes, the less is repeated. */
const patchReachPx = 1024;

/**
 * Where the passes are, and a plan's sizes: those of the largest pass. `known`: see ExpandInput. Throws as
 * expandPasses does.
 */
export function fitExpansion(
  request: Pick<PlanRequest, 'kind' | 'document' | 'bounds'>,
  facts: { readonly nativeSide: number; readonly known?: Rect | undefined },
): Pick<Plan, 'context' | 'workingSize' | 'scale'> & { readonly passes: PlannedPass[] } {
  const { document, bounds: canvas, kind } = request;
  const known = facts.known ?? rectOfSize(document);
  const isFree = kind === 'expand-patches';
  const nativeSide = isFree ? patchReachPx : facts.nativeSide;
  const found = expandPasses({ document, canvas, known, nativeSide });
  const passes = found.map(({ area, context }): PlannedPass => {
    const { width, height } = context;
    const { workingSize } = isFree
      ? { workingSize: { width, height } }
      : fixedWorkingSize(context, { nativeSide });
    return { area, context, workingSize };
  });
  const largest = passes.reduce((most, pass) => (pixelsOf(pass) > pixelsOf(most) ? pass : most));
  return {
    context: seenOfDocument(found, document),
    workingSize: largest.workingSize,
    scale: largest.workingSize.width / largest.context.width,
    passes,
  };
}

function pixelsOf({ workingSize }: PlannedPass): number {
  return workingSize.width * workingSize.height;
}

/** Megapixels at working size, all passes. */
export function megapixelsOf(passes: readonly PlannedPass[]): number {
  return passes.reduce((sum, pass) => sum + pixelsOf(pass), 0) / 1e6;
}

export function passNotes(passes: readonly PlannedPass[]): string[] {
  return passes.length > 1 ? [`It is painted in ${passes.length} passes.`] : [];
}
