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
import { needsModel, type DiffusionRequest, type GenerateRequest } from '../../shared/request.ts';
import type { DiffusionFacts } from './diffusion.ts';
import { advancedNotes } from './plan/advancedNotes.ts';
import { memoryPlan } from './plan/memoryPlan.ts';
import { pipelineOptions } from './plan/pipelineOptions.ts';
import { planRun, scaleNotes } from './plan/planRun.ts';
import { takeNetworkTags } from './prompt/extraNetworks.ts';
import { readingNotes } from './readingNotes.ts';
import type { Job, JobTools } from './runJob.ts';
import { modelSigmas } from './sampling/sigmas/modelSigmas.ts';

/** Opening a model reads a file of several gigabytes, from a slow disk at worst. */
const openingBudgetMs = 10 * 60_000;

/** Throws E_MASK_EMPTY, E_MASK_FULL, E_PARAM and what opening the model throws. */
export async function planJob(job: Job, tools: JobTools): Promise<Plan> {
  const { request } = job;
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
    { nativeSide: model?.nativeSide ?? 0, edits: model?.inChannels === 8 },
  );
  const context = intersectRects(plan.context, request.region);
  if (isEmptyRect(context))
    throw new PentimentoError('E_MASK_EMPTY', 'It lies outside the picture.');
  const fitted = containsRect(request.region, plan.context) ? plan : { ...plan, context };
  const workingSize = needsModel(request)
    ? (request.workingSize ?? fitted.workingSize)
    : fitted.workingSize;
  const scale = workingSize.width / context.width;
  const others = plan.notes.slice(scaleNotes(plan.scale).length);
  const scaling =
    workingSize === fitted.workingSize ? plan.notes : [...scaleNotes(scale), ...others];
  const reading =
    model && needsModel(request) ? await readingNotes(request, model, tools.embeddings ?? []) : [];
  const loras = tools.promptNotes?.() ?? [];
  const memory =
    model?.weightBytes === undefined
      ? { notes: [] }
      : memoryPlan(model.weightBytes, workingSize, tools.memory?.());
  const notes = [
    ...scaling,
    ...promptNotes(request),
    ...loras,
    ...reading,
    ...settingsNotes(request, model),
    ...memory.notes,
  ];
  return { ...fitted, ...memory, workingSize, scale, notes };
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
    strength: request.kind === 'image' || request.kind === 'inpaint' ? request.strength : 1,
    steps: needsModel(request) ? request.steps : 1,
    ...(needsModel(request) ? namesOf(request) : {}),
    featherPx: masked?.featherPx ?? 0,
    growPx: masked?.growPx ?? 0,
    area: inpaint?.area ?? ('context' as const),
    paddingPx: inpaint?.paddingPx ?? 0,
    dialect: needsModel(request) ? request.dialect : ('pentimento' as const),
  };
}
