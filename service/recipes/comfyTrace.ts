/** Along ComfyUI's links: from conditioning to its texts, from a model to its file. Pure; never throws. */
import type { RecipeRemark } from '../../shared/readRecipe.ts';
import { inputValue, linkedNode, type ComfyGraph, type ComfyNode } from './comfyGraph.ts';
import { fileStem } from './foundRecipe.ts';

const textInputs = ['text', 'text_g', 'text_l', 'clip_l', 't5xxl', 'prompt'];
const conditioningInputs = [
  'conditioning',
  'conditioning_1',
  'conditioning_2',
  'conditioning_to',
  'conditioning_from',
  'positive',
];
/** Nodes that change nothing about which text it is. */
const plainNodes = ['Reroute', 'FluxGuidance', 'ConditioningCombine', 'ConditioningConcat'];

/** The texts behind a conditioning, in order, joined by ", "; equal ones once. */
export function conditioningText(
  graph: ComfyGraph,
  from: ComfyNode | undefined,
  remarks: RecipeRemark[],
): string {
  const texts: string[] = [];
  const seen = new Set<string>();
  const waiting = from ? [from] : [];
  // The list grows while it is walked.
  for (const node of waiting) {
    if (seen.has(node.id)) continue;
    seen.add(node.id);
    // Zeroed: the text behind it has no effect.
    if (node.type === 'ConditioningZeroOut') continue;
    const found = textInputs
      .map((input) => inputValue(graph, node, input))
      .filter((value) => typeof value === 'string');
    texts.push(...found);
    if (found.length > 0) continue;
    for (const input of conditioningInputs) {
      const next = linkedNode(graph, node, input);
      if (next) waiting.push(next);
    }
    if (!plainNodes.includes(node.type)) {
      remarks.push({
        name: 'Conditioning',
        value: node.type,
        why: 'This node acts on the prompt and is not taken over.',
      });
    }
  }
  return [...new Set(texts.filter((text) => text.trim() !== ''))].join(', ');
}

export interface TracedModel {
  readonly checkpoint: string | undefined;
  /** `<lora:name:weight>`, in the order in which they are applied. */
  readonly loras: readonly string[];
}

const fileInputs = ['ckpt_name', 'unet_name', 'model_name'];

/** From a sampler's model back to the file it was loaded from. */
export function modelOf(
  graph: ComfyGraph,
  from: ComfyNode | undefined,
  remarks: RecipeRemark[],
): TracedModel {
  const loras: string[] = [];
  const seen = new Set<string>();
  let at = from;
  while (at && !seen.has(at.id)) {
    const node: ComfyNode = at;
    seen.add(node.id);
    const file = fileInputs
      .map((input) => inputValue(graph, node, input))
      .find((v) => v !== undefined);
    if (file !== undefined && !node.inputs.has('model')) {
      return { checkpoint: String(file), loras: loras.toReversed() };
    }
    const lora = inputValue(graph, node, 'lora_name');
    if (lora !== undefined) loras.push(loraTag(graph, node, String(lora)));
    else {
      remarks.push({
        name: 'Model',
        value: node.type,
        why: 'This node changes the model and is not taken over.',
      });
    }
    at = linkedNode(graph, node, 'model');
  }
  return { checkpoint: undefined, loras: loras.toReversed() };
}

function loraTag(graph: ComfyGraph, node: ComfyNode, file: string): string {
  const model = inputValue(graph, node, 'strength_model') ?? 1;
  const text = inputValue(graph, node, 'strength_clip') ?? model;
  const weights = text === model ? String(model) : `${text}:${model}`;
  return `<lora:${fileStem(file)}:${weights}>`;
}
