/**
 * A ComfyUI graph as a recipe, as far as its form allows: from the saved picture back to the last sampler,
 * and from there to the prompts, the model, its LoRA files and the starting size. What is passed on the
 * way and not understood is told. Pure; never throws.
 */
import { inputValue, linkedNode, type ComfyGraph, type ComfyNode } from './comfyGraph.ts';
import { conditioningText, modelOf } from './comfyTrace.ts';
import { fileStem, type FoundRecipe } from './foundRecipe.ts';
import type { RecipeRemark } from '../../shared/readRecipe.ts';

const outputs = ['SaveImage', 'SaveAnimatedWEBP', 'PreviewImage'];
const toSampler = ['images', 'image', 'pixels', 'samples', 'latent_image', 'latent'];

/** Undefined when there is no sampler in it. */
export function comfyRecipe(graph: ComfyGraph): FoundRecipe | undefined {
  const sampler = lastSampler(graph);
  if (!sampler) return undefined;
  const remarks: RecipeRemark[] = [];
  const fields = new Map<string, string>();
  readSampling(graph, sampler, fields);
  readSize(graph, sampler, fields, remarks);
  const guider = linkedNode(graph, sampler, 'guider') ?? sampler;
  const model = modelOf(graph, linkedNode(graph, guider, 'model'), remarks);
  if (model.checkpoint !== undefined) fields.set('Model', fileStem(model.checkpoint));
  const vae = vaeOf(graph);
  if (vae !== undefined) fields.set('VAE', fileStem(vae));
  const others = [...graph.values()].filter((n) => isSampler(n) && n.id !== sampler.id);
  if (others.length > 0) {
    remarks.push({
      name: 'Samplers',
      value: String(others.length + 1),
      why: 'The picture went through several samplers; these settings are those of the last one.',
    });
  }
  const positive = guider.inputs.has('positive') ? 'positive' : 'conditioning';
  const prompt = conditioningText(graph, linkedNode(graph, guider, positive), remarks);
  const skipped = clipSkip(graph);
  if (skipped !== undefined) fields.set('Clip skip', skipped);
  return {
    source: 'comfyui',
    program: 'ComfyUI',
    prompt: [prompt, ...model.loras].filter(Boolean).join(' '),
    negativePrompt: conditioningText(graph, linkedNode(graph, guider, 'negative'), remarks),
    fields,
    extra: [],
    remarks,
  };
}

function isSampler(node: ComfyNode): boolean {
  return (
    (node.inputs.has('sampler_name') && node.inputs.has('steps')) ||
    (node.inputs.has('sampler') && node.inputs.has('sigmas'))
  );
}

/** The sampler nearest to a saved picture; without one that leads back, the last one in the file. */
function lastSampler(graph: ComfyGraph): ComfyNode | undefined {
  const seen = new Set<string>();
  const waiting = [...graph.values()].filter((node) => outputs.includes(node.type));
  // The list grows while it is walked.
  for (const at of waiting) {
    if (seen.has(at.id)) continue;
    seen.add(at.id);
    if (isSampler(at)) return at;
    for (const input of toSampler) {
      const next = linkedNode(graph, at, input);
      if (next) waiting.push(next);
    }
  }
  return [...graph.values()].findLast(isSampler);
}

function readSampling(graph: ComfyGraph, sampler: ComfyNode, fields: Map<string, string>): void {
  const parts = ['sampler', 'sigmas', 'guider', 'noise'].map((i) => linkedNode(graph, sampler, i));
  const places = [sampler, ...parts].filter((node) => node !== undefined);
  const take = (name: string, inputs: readonly string[]) => {
    for (const place of places) {
      const input = inputs.find((i) => place.inputs.has(i));
      const value = input === undefined ? undefined : inputValue(graph, place, input);
      if (value !== undefined) return void fields.set(name, String(value));
    }
    return undefined;
  };
  take('Steps', ['steps']);
  take('Sampler', ['sampler_name']);
  take('Schedule type', ['scheduler']);
  take('CFG scale', ['cfg']);
  take('Seed', ['seed', 'noise_seed']);
  take('Denoising strength', ['denoise']);
  if (parts[1]?.type === 'KarrasScheduler') fields.set('Schedule type', 'Karras');
}

/** From the sampler's latent back to where the picture began. */
function readSize(
  graph: ComfyGraph,
  sampler: ComfyNode,
  fields: Map<string, string>,
  remarks: RecipeRemark[],
): void {
  const seen = new Set<string>();
  let at = linkedNode(graph, sampler, 'latent_image');
  while (at && !seen.has(at.id)) {
    seen.add(at.id);
    const width = inputValue(graph, at, 'width');
    const height = inputValue(graph, at, 'height');
    if (width !== undefined && height !== undefined && !isSampler(at)) {
      fields.set('Size-1', String(width));
      fields.set('Size-2', String(height));
      if (at.type.startsWith('Empty')) fields.delete('Denoising strength');
      return;
    }
    if (at.type.startsWith('VAEEncode')) {
      remarks.push({
        name: 'Start picture',
        value: at.type,
        why: 'The run began with a picture that is not in this file.',
      });
      return;
    }
    at = linkedNode(graph, at, 'samples') ?? linkedNode(graph, at, 'latent_image');
  }
}

function vaeOf(graph: ComfyGraph): string | undefined {
  for (const node of graph.values()) {
    if (!node.type.startsWith('VAEDecode')) continue;
    const loader = linkedNode(graph, node, 'vae');
    const name = loader?.type === 'VAELoader' ? inputValue(graph, loader, 'vae_name') : undefined;
    if (name !== undefined) return String(name);
  }
  return undefined;
}

/** -1 is the last layer, AUTOMATIC1111's 1. */
function clipSkip(graph: ComfyGraph): string | undefined {
  const node = [...graph.values()].find((n) => n.type === 'CLIPSetLastLayer');
  const layer = node && Number(inputValue(graph, node, 'stop_at_clip_layer'));
  return layer !== undefined && Number.isInteger(layer) && layer < 0 ? String(-layer) : undefined;
}
