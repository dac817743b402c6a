/** The plan of a job, derived again from the request itself: a client may have sent more than was asked. */
import { PentimentoError } from '../../shared/errors.ts';
import {
  boundsOfMask,
  containsRect,
  intersectRects,
  isEmptyRect,
  rectOfSize,
  type Rect,
  type Size,
} from '../../shared/geometry.ts';
import type { Plan } from '../../shared/plan.ts';
import { needsModel, type DiffusionRequest, type GenerateRequest } from '../../shared/request.ts';
import type { DiffusionFacts } from './diffusion.ts';
import { advancedNotes } from './plan/advancedNotes.ts';
import { memoryPlan, type MemoryPlan } from './plan/memoryPlan.ts';
import { pipelineOptions } from './plan/pipelineOptions.ts';
import { planRun, scaleNotes, type PlanFacts } from './plan/planRun.ts';
import { planUpscale } from './plan/planUpscale.ts';
import { secondPass } from './plan/planStages.ts';
import { openRefiner } from './refinerOfRun.ts';
import { takeNetworkTags } from './prompt/extraNetworks.ts';
import { readingNotes } from './readingNotes.ts';
import type { Job, JobTools } from './runJob.ts';
import { modelSigmas } from './sampling/sigmas/modelSigmas.ts';

/** Opening a model reads a file of several gigabytes, from a slow disk at worst. */
const openingBudgetMs = 10 * 60_000;

/** Throws E_MASK_EMPTY, E_MASK_FULL, E_PARAM and what opening the model throws. */
export async function planJob(job: Job, tools: JobTools): Promise<Plan> {
  const { request } = job;
  if (request.kind === 'upscale') return planUpscale(request);
  const bounds = changedBounds(job);
  const model = await factsOf(request, tools);
  const plan = planRun(
    {
      kind: request.kind,
      document: { width: request.document.width, height: request.document.height },
      bounds,
      model: '',
      count: request.count,
      ...settingsOf(request),
    },
    planFacts(request, model),
  );
  const context = insideRegion(plan, request);
  const fitted = containsRect(request.region, plan.context) ? plan : { ...plan, context };
  const workingSize = needsModel(request)
    ? (request.workingSize ?? fitted.workingSize)
    : fitted.workingSize;
  const scale = scaleOf(request, { plan, context, workingSize });
  const others = plan.notes.slice(scaleNotes(plan.scale).length);
  const second = request.kind === 'text' ? secondPass(request, workingSize) : undefined;
  const isPlanned = workingSize === fitted.workingSize && !second;
  const scaling = isPlanned ? plan.notes : [...(second?.notes ?? scaleNotes(scale)), ...others];
  const reading =
    model && needsModel(request) ? await readingNotes(request, model, tools.embeddings ?? []) : [];
  const loras = tools.promptNotes?.() ?? [];
  const memory = await memoryOf(request, model, second?.size ?? workingSize, tools);
  const notes = [
    ...scaling,
    ...promptNotes(request),
    ...loras,
    ...reading,
    ...settingsNotes(request, model),
    ...stageNotes(request),
    ...memory.notes,
  ];
  const steps = fitted.steps + (second?.steps ?? 0);
  return { ...fitted, ...memory, steps, workingSize, scale, notes };
}

/** Working size over what is seen of the document: of passes the plan's, else what this run's sizes make. */
function scaleOf(
  request: GenerateRequest,
  { plan, context, workingSize }: Pick<Plan, 'context' | 'workingSize'> & { readonly plan: Plan },
): number {
  if (plan.passes) return plan.scale;
  // Where the run crops by itself only the plan knows how much.
  const seenPx = cropsByItself(request) ? plan.workingSize.width / plan.scale : context.width;
  return workingSize.width / seenPx;
}

function cropsByItself(request: GenerateRequest): boolean {
  if (request.kind !== 'inpaint' || request.area === 'whole') return false;
  return pipelineOptions(request.dialect).imaging === 'webui';
}

function planFacts(request: GenerateRequest, model: DiffusionFacts | undefined): PlanFacts {
  return {
    nativeSide: model?.nativeSide ?? 0,
    edits: model?.inChannels === 8,
    known: intersectRects(request.region, rectOfSize(request.document)),
  };
}

function insideRegion({ context }: Plan, { region }: GenerateRequest): Rect {
  const inside = intersectRects(context, region);
  if (isEmptyRect(inside))
    throw new PentimentoError('E_MASK_EMPTY', 'It lies outside the picture.');
  return inside;
}

/** `size`: of the largest pass, pixels. Throws what opening a refiner throws. */
async function memoryOf(
  request: GenerateRequest,
  model: DiffusionFacts | undefined,
  size: Size,
  tools: JobTools,
): Promise<Partial<MemoryPlan> & Pick<MemoryPlan, 'notes'>> {
  if (model?.weightBytes === undefined) return { notes: [] };
  const weights = {
    modelBytes: model.weightBytes,
    furtherBytes: await refinerBytes(request, model, tools),
    controlBytes: await controlBytes(request, model, tools),
  };
  return memoryPlan(weights, size, tools.memory?.());
}

/** Of the request's refiner, which must fit the model. Throws E_MODEL_FAMILY and what opening it throws. */
async function refinerBytes(
  request: GenerateRequest,
  model: DiffusionFacts,
  tools: JobTools,
): Promise<number> {
  if (!needsModel(request)) return 0;
  const stage = (name: string) => tools.onStage(name, openingBudgetMs);
  const options = pipelineOptions(request.dialect);
  const refiner = await openRefiner(request, tools, options, { facts: model, stage });
  return refiner?.facts.weightBytes ?? 0;
}

/** What further stages do otherwise than one might think. */
function stageNotes(request: GenerateRequest): string[] {
  if (!needsModel(request)) return [];
  const words = (request.kind === 'text' && request.hires?.prompt) || '';
  const tags = takeNetworkTags(words).tags.filter(({ type }) => used.has(type.toLowerCase()));
  return [
    ...(tags.length > 0
      ? [
          'LoRA files are those of the first prompt in both passes; tags of the second one are left out.',
        ]
      : []),
    ...(request.refiner && request.dialect === 'diffusers'
      ? ['The refiner goes on with the same schedule; diffusers would begin a new one for it.']
      : []),
  ];
}

/** Kinds of files that a prompt can name and that are never used, as people call them. */
const networkKinds: Readonly<Record<string, string>> = { hypernet: 'Hypernetworks' };
const used = new Set(['lora', 'lyco']);

/** What the prompt asks for and will not get: files named by tags, which are left out of the text. */
function promptNotes(request: GenerateRequest): string[] {
  if (!needsModel(request)) return [];
  const names = new Map<string, Set<string>>();
  for (const { type, items } of takeNetworkTags(request.prompt).tags) {
    if (used.has(type.toLowerCase())) continue;
    const kind = networkKinds[type.toLowerCase()] ?? 'Other files';
    const known = names.get(kind) ?? new Set();
    names.set(kind, known.add(items[0] ?? ''));
  }
  return [...names].map(([kind, files]) => `${kind} are not used: ${listed([...files])}.`);
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
  if (request.kind === 'expand' || request.kind === 'expand-patches') return request.canvas;
  if (!mask) throw new PentimentoError('E_MASK_EMPTY', 'No mask was sent.');
  const inRegion = boundsOfMask(mask.data, mask);
  if (!inRegion) throw new PentimentoError('E_MASK_EMPTY');
  return { ...inRegion, x: inRegion.x + request.region.x, y: inRegion.y + request.region.y };
}

/** Undefined where no model runs. */
async function factsOf(
  request: GenerateRequest,
  tools: JobTools,
): Promise<DiffusionFacts | undefined> {
  if (!needsModel(request)) return undefined;
  const { oddSizes } = pipelineOptions(request.dialect);
  const stage = (name: string) => tools.onStage(name, openingBudgetMs);
  return (await tools.openModel(oddSizes, stage)).facts;
}

/** Of the ControlNets that the request asks for. Throws what opening them throws. */
async function controlBytes(
  request: GenerateRequest,
  { family }: DiffusionFacts,
  tools: JobTools,
): Promise<readonly number[]> {
  if (!needsModel(request) || !request.controls?.length) return [];
  const stage = (name: string) => tools.onStage(name, openingBudgetMs);
  const nets = (await tools.openControls?.(family, stage)) ?? [];
  return [...new Set(nets)].map(({ weightBytes = 0 }) => weightBytes);
}

function settingsNotes(request: GenerateRequest, model: DiffusionFacts | undefined): string[] {
  if (!model || !needsModel(request)) return [];
  const { sigmaMin, sigmaMax } = modelSigmas(model.alphasCumprod);
  const { inChannels, hasTinyDecoder = false } = model;
  return advancedNotes(request, { inChannels, hasTinyDecoder, sigmaMin, sigmaMax });
}

function namesOf({ sampler, schedule, advanced }: DiffusionRequest) {
  return { sampler, schedule, exactSteps: advanced?.exactSteps };
}

function settingsOf(request: GenerateRequest) {
  const inpaint = request.kind === 'inpaint' ? request : undefined;
  const masked = request.kind === 'inpaint' || request.kind === 'remove' ? request : undefined;
  return {
    strength: needsModel(request) && request.kind !== 'text' ? request.strength : 1,
    steps: needsModel(request) ? request.steps : 1,
    ...(needsModel(request) ? namesOf(request) : {}),
    featherPx: masked?.featherPx ?? 0,
    ...(request.kind === 'expand' ? { fill: request.fill } : {}),
    growPx: masked?.growPx ?? 0,
    area: inpaint?.area ?? ('context' as const),
    paddingPx: inpaint?.paddingPx ?? 0,
    dialect: needsModel(request) ? request.dialect : ('pentimento' as const),
  };
}
