/** The plan of a job, derived again from the request itself: a client may have sent more than was asked. */
import { PentimentoError } from '../../shared/errors.ts';
import {
  boundsOfMask,
  containsRect,
  intersectRects,
  isEmptyRect,
  type Rect,
} from '../../shared/geometry.ts';
import type { Plan } from '../../shared/plan.ts';
import { needsModel, type GenerateRequest } from '../../shared/request.ts';
import { pipelineOptions } from './plan/pipelineOptions.ts';
import { planRun, scaleNotes } from './plan/planRun.ts';
import { takeNetworkTags } from './prompt/extraNetworks.ts';
import type { Job, JobTools } from './runJob.ts';

/** Opening a model reads a file of several gigabytes, from a slow disk at worst. */
const openingBudgetMs = 10 * 60_000;

/** Throws E_MASK_EMPTY, E_MASK_FULL and what opening the model throws. */
export async function planJob(job: Job, tools: JobTools): Promise<Plan> {
  const { request } = job;
  const bounds = changedBounds(job);
  const nativeSide = await nativeSideOf(request, tools);
  const plan = planRun(
    {
      kind: request.kind,
      document: { width: request.document.width, height: request.document.height },
      bounds,
      model: '',
      count: request.count,
      ...settingsOf(request),
    },
    { nativeSide },
  );
  const context = intersectRects(plan.context, request.region);
  if (isEmptyRect(context))
    throw new PentimentoError('E_MASK_EMPTY', 'It lies outside the picture.');
  const fitted = containsRect(request.region, plan.context) ? plan : { ...plan, context };
  const workingSize = needsModel(request)
    ? (request.workingSize ?? fitted.workingSize)
    : fitted.workingSize;
  const scale = workingSize.width / context.width;
  const scaling = workingSize === fitted.workingSize ? fitted.notes : scaleNotes(scale);
  return { ...fitted, workingSize, scale, notes: [...scaling, ...promptNotes(request)] };
}

/** Kinds of files that a prompt can name, as people call them. */
const networkKinds: Readonly<Record<string, string>> = {
  lora: 'LoRA files',
  lyco: 'LoRA files',
  hypernet: 'Hypernetworks',
};

/** What the prompt asks for and will not get: files named by tags, which are left out of the text. */
function promptNotes(request: GenerateRequest): string[] {
  if (!needsModel(request)) return [];
  const names = new Map<string, Set<string>>();
  for (const { type, items } of takeNetworkTags(request.prompt).tags) {
    const kind = networkKinds[type.toLowerCase()] ?? 'Other files';
    const known = names.get(kind) ?? new Set();
    names.set(kind, known.add(items[0] ?? ''));
  }
  return [...names].map(([kind, files]) => `${kind} are not used yet: ${listed([...files])}.`);
}

const longestName = 80;
const mostNames = 6;

function listed(names: readonly string[]): string {
  const shown = names.slice(0, mostNames).map((name) => name.slice(0, longestName));
  return names.length > mostNames ? `${shown.join(', ')} and others` : shown.join(', ');
}

function changedBounds(job: Job): Rect {
  const { request, mask } = job;
  if (request.kind === 'text' || request.kind === 'image') return request.region;
  if (!mask) throw new PentimentoError('E_MASK_EMPTY', 'No mask was sent.');
  const inRegion = boundsOfMask(mask.data, mask);
  if (!inRegion) throw new PentimentoError('E_MASK_EMPTY');
  return { ...inRegion, x: inRegion.x + request.region.x, y: inRegion.y + request.region.y };
}

async function nativeSideOf(request: GenerateRequest, tools: JobTools): Promise<number> {
  if (!needsModel(request)) return 0;
  const { oddSizes } = pipelineOptions(request.dialect);
  const stage = (name: string) => tools.onStage(name, openingBudgetMs);
  const model = await tools.openModel(oddSizes, stage);
  return model.facts.nativeSide;
}

function settingsOf(request: GenerateRequest) {
  const inpaint = request.kind === 'inpaint' ? request : undefined;
  const masked = request.kind === 'inpaint' || request.kind === 'remove' ? request : undefined;
  return {
    strength: request.kind === 'image' || request.kind === 'inpaint' ? request.strength : 1,
    steps: needsModel(request) ? request.steps : 1,
    featherPx: masked?.featherPx ?? 0,
    growPx: masked?.growPx ?? 0,
    area: inpaint?.area ?? ('context' as const),
    paddingPx: inpaint?.paddingPx ?? 0,
    dialect: needsModel(request) ? request.dialect : ('pentimento' as const),
  };
}
