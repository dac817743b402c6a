/**
 * ComfyUI's two JSON forms as one graph of nodes: the `prompt` that its engine ran, and the `workflow` as its
 * editor keeps it (widgets in the order in which they are drawn). Pure; never throws.
 */
import { z } from 'zod';
import { parseJsonRecord } from './foundRecipe.ts';

export interface ComfyNode {
  readonly id: string;
  readonly type: string;
  readonly inputs: ReadonlyMap<string, unknown>;
}
export type ComfyGraph = ReadonlyMap<string, ComfyNode>;

const PromptNode = z.looseObject({
  class_type: z.string(),
  inputs: z.record(z.string(), z.unknown()).optional(),
});

const Id = z.union([z.string(), z.number()]);
const WorkflowNode = z.looseObject({
  id: Id,
  type: z.string(),
  /** 2: muted, 4: bypassed. */
  mode: z.number().optional(),
  inputs: z.array(z.looseObject({ name: z.string(), link: Id.nullish() })).optional(),
  widgets_values: z.unknown().optional(),
});
const Workflow = z.looseObject({
  nodes: z.array(z.unknown()),
  /** [id, from node, from output, to node, to input, type] */
  links: z.array(z.unknown()).optional(),
});
const Link = z.tuple([Id, Id, z.number()]).rest(z.unknown());

/** Names of the widgets of nodes that recipes are made of; the second of a seed says what follows it. */
const widgets: Readonly<Record<string, readonly string[]>> = {
  KSampler: ['seed', '', 'steps', 'cfg', 'sampler_name', 'scheduler', 'denoise'],
  KSamplerAdvanced: [
    'add_noise',
    'noise_seed',
    '',
    'steps',
    'cfg',
    'sampler_name',
    'scheduler',
    'start_at_step',
    'end_at_step',
    'return_with_leftover_noise',
  ],
  SamplerCustom: ['add_noise', 'noise_seed', '', 'cfg'],
  KSamplerSelect: ['sampler_name'],
  BasicScheduler: ['scheduler', 'steps', 'denoise'],
  KarrasScheduler: ['steps', 'sigma_max', 'sigma_min', 'rho'],
  RandomNoise: ['noise_seed'],
  CFGGuider: ['cfg'],
  CLIPTextEncode: ['text'],
  CheckpointLoaderSimple: ['ckpt_name'],
  UNETLoader: ['unet_name', 'weight_dtype'],
  LoraLoader: ['lora_name', 'strength_model', 'strength_clip'],
  LoraLoaderModelOnly: ['lora_name', 'strength_model'],
  VAELoader: ['vae_name'],
  EmptyLatentImage: ['width', 'height', 'batch_size'],
  CLIPSetLastLayer: ['stop_at_clip_layer'],
  PrimitiveNode: ['value'],
};

/** The graph in a `prompt` text; undefined when it holds no node. */
export function graphOfPrompt(text: string): ComfyGraph | undefined {
  const json = parseJsonRecord(text);
  if (!json) return undefined;
  const graph = new Map<string, ComfyNode>();
  for (const [id, value] of Object.entries(json)) {
    const node = PromptNode.safeParse(value);
    if (!node.success) continue;
    const inputs = new Map(Object.entries(node.data.inputs ?? {}));
    graph.set(id, { id, type: node.data.class_type, inputs });
  }
  return graph.size > 0 ? graph : undefined;
}

/** The graph in a `workflow` text; undefined when it holds no node. Muted and bypassed nodes are left out. */
export function graphOfWorkflow(text: string): ComfyGraph | undefined {
  const workflow = Workflow.safeParse(parseJsonRecord(text));
  if (!workflow.success) return undefined;
  const links = new Map<string, readonly [string, number]>();
  for (const entry of workflow.data.links ?? []) {
    const link = Link.safeParse(entry);
    if (link.success) links.set(String(link.data[0]), [String(link.data[1]), link.data[2]]);
  }
  const graph = new Map<string, ComfyNode>();
  for (const entry of workflow.data.nodes) {
    const node = WorkflowNode.safeParse(entry);
    if (!node.success || node.data.mode === 2 || node.data.mode === 4) continue;
    const inputs = widgetInputs(node.data.type, node.data.widgets_values);
    for (const { name, link } of node.data.inputs ?? []) {
      const from = link === undefined || link === null ? undefined : links.get(String(link));
      if (from) inputs.set(name, from);
    }
    const id = String(node.data.id);
    graph.set(id, { id, type: node.data.type, inputs });
  }
  return graph.size > 0 ? graph : undefined;
}

function widgetInputs(type: string, values: unknown): Map<string, unknown> {
  const inputs = new Map<string, unknown>();
  if (Array.isArray(values)) {
    const names = widgets[type] ?? [];
    for (const [i, name] of names.entries()) if (name !== '') inputs.set(name, values[i]);
  } else if (typeof values === 'object' && values !== null) {
    for (const [name, value] of Object.entries(values)) inputs.set(name, value);
  }
  return inputs;
}

/** The node that an input is linked to. */
export function linkedNode(
  graph: ComfyGraph,
  node: ComfyNode,
  input: string,
): ComfyNode | undefined {
  const link = node.inputs.get(input);
  return Array.isArray(link) && link.length === 2 ? graph.get(String(link[0])) : undefined;
}

/** Names under which nodes that only hold a value keep it. */
const valueNames = [
  'value',
  'int',
  'float',
  'number',
  'seed',
  'noise_seed',
  'text',
  'string',
  'text1',
];

/** An input's own value, or that of the node that it is linked to; undefined when it cannot be told. */
export function inputValue(
  graph: ComfyGraph,
  node: ComfyNode,
  input: string,
): string | number | undefined {
  let at: ComfyNode | undefined = node;
  let names: readonly string[] = [input];
  for (const seen = new Set<string>(); at && !seen.has(at.id);) {
    seen.add(at.id);
    const values: ReadonlyMap<string, unknown> = at.inputs;
    const name: string | undefined = names.find((n) => values.get(n) !== undefined);
    if (name === undefined) return undefined;
    const value = values.get(name);
    if (typeof value === 'string' || typeof value === 'number') return value;
    at = linkedNode(graph, at, name);
    names = [...valueNames, input];
  }
  return undefined;
}
