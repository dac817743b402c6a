import { detectLora } from './detectLora.ts';
import {
  hasPrefix,
  shapeOf,
  unknownFile,
  type Detection,
  type Family,
  type HeaderView,
} from './detection.ts';
import { detectOtherFamily, detectOtherKind } from './detectOther.ts';
import { detectUnet, type Trunk } from './detectUnet.ts';
import { detectUpscaler } from './detectUpscaler.ts';
import { countTensors } from './tensorSource.ts';

/**
 * What a model file is, from the names and shapes in its header: a checkpoint of which family, one of
 * its parts, or something that goes beside one. Never throws; what fits nothing is 'unknown'.
 */
export function detectModel(header: HeaderView): Detection {
  return (
    detectAdapter(header) ??
    detectLora(header) ??
    detectControlNet(header) ??
    detectCheckpoint(header) ??
    detectOtherFamily(header) ??
    detectTaesd(header) ??
    detectVae(header) ??
    detectTextEncoder(header) ??
    detectUpscaler(header) ??
    detectEmbedding(header) ??
    detectOtherKind(header) ??
    unknownFile
  );
}

/** Files that resemble a LoRA or ControlNet but work in another way. */
function detectAdapter(header: HeaderView): Detection | undefined {
  if (header.tensors.has('lora_controlnet')) return { ...unknownFile, component: 'control-lora' };
  if (hasPrefix(header, 'ip_adapter.') || hasPrefix(header, 'image_proj.')) {
    return { ...unknownFile, component: 'ip-adapter' };
  }
  for (const name of header.tensors.keys()) {
    if (/^(?:adapter\.)?body\.\d+\.(?:in_conv|resnets\.\d+\.block1)\./.test(name)) {
      return { ...unknownFile, component: 't2i-adapter' };
    }
    if (/^\d+\.[01]\.linear/.test(name)) return { ...unknownFile, component: 'hypernetwork' };
  }
  return undefined;
}

function detectControlNet(header: HeaderView): Detection | undefined {
  const { tensors } = header;
  let trunk: Trunk | undefined;
  if (tensors.has('control_model.zero_convs.0.0.weight')) {
    trunk = { prefix: 'control_model.', layout: 'single-file' };
  } else if (tensors.has('zero_convs.0.0.weight') && tensors.has('input_hint_block.0.weight')) {
    trunk = { prefix: '', layout: 'single-file' };
  } else if (tensors.has('controlnet_cond_embedding.conv_in.weight')) {
    trunk = { prefix: '', layout: 'diffusers' };
  }
  return trunk && { ...detectUnet(header, trunk), component: 'controlnet', layout: trunk.layout };
}

/** Each family's places for its text encoders in a single file. */
const textPlaces: Readonly<Partial<Record<Family, Readonly<Record<string, string>>>>> = {
  sd1: { text_encoder: 'cond_stage_model.' },
  sd2: { text_encoder: 'cond_stage_model.' },
  sdxl: { text_encoder: 'conditioner.embedders.0.', text_encoder_2: 'conditioner.embedders.1.' },
  'sdxl-refiner': { text_encoder_2: 'conditioner.embedders.0.' },
};

function detectCheckpoint(header: HeaderView): Detection | undefined {
  const { tensors } = header;
  const prefix = 'model.diffusion_model.';
  if (tensors.has(`${prefix}input_blocks.0.0.weight`)) {
    const unet = detectUnet(header, { prefix, layout: 'single-file' });
    const missing = hasPrefix(header, 'first_stage_model.decoder.') ? [] : ['vae'];
    const places = Object.entries(textPlaces[unet.family] ?? {});
    for (const [part, place] of places) if (!hasPrefix(header, place)) missing.push(part);
    const alone = missing.length === places.length + 1;
    return { ...unet, component: alone ? 'unet' : 'checkpoint', layout: 'single-file', missing };
  }
  const bare: Trunk | undefined = tensors.has('input_blocks.0.0.weight')
    ? { prefix: '', layout: 'single-file' }
    : tensors.has('conv_in.weight') && tensors.has('time_embedding.linear_1.weight')
      ? { prefix: '', layout: 'diffusers' }
      : undefined;
  return bare && { ...detectUnet(header, bare), component: 'unet', layout: bare.layout };
}

function detectTaesd(header: HeaderView): Detection | undefined {
  const { tensors } = header;
  const is = (name: string, axis: number, count: number): boolean => {
    const shape = shapeOf(header, name);
    return shape.length === 4 && shape[axis] === count && shape[2] === 3;
  };
  const decoders = [
    ['decoder.layers.0.weight', 'decoder.layers.2.conv.0.weight'],
    ['1.weight', '3.conv.0.weight'],
    ['taesd_decoder.1.weight', 'taesd_decoder.3.conv.0.weight'],
  ];
  const encoders = [
    ['encoder.layers.0.weight', 'encoder.layers.1.conv.0.weight'],
    ['0.weight', '1.conv.0.weight'],
    ['taesd_encoder.0.weight', 'taesd_encoder.1.conv.0.weight'],
  ];
  const decoder = decoders.find(([first, block]) => is(first, 0, 64) && tensors.has(block));
  const encoder = encoders.find(([first, block]) => is(first, 1, 3) && tensors.has(block));
  if (!decoder && !encoder) return undefined;
  const channels = decoder ? shapeOf(header, decoder[0])[1] : 4;
  return {
    ...unknownFile,
    component: 'taesd',
    part: decoder && encoder ? 'both' : decoder ? 'decoder' : 'encoder',
    family: 'ambiguous',
    channels,
    // Later families' versions have 16 channels.
    recognized: channels === 4,
  };
}

/** SD 1, SD 2 and SDXL share one VAE shape: such a file cannot tell whose it is. */
function detectVae(header: HeaderView): Detection | undefined {
  for (const prefix of ['', 'first_stage_model.', 'vae.']) {
    const input = shapeOf(header, `${prefix}decoder.conv_in.weight`);
    if (input.length !== 4) continue;
    return {
      ...unknownFile,
      component: 'vae',
      family: 'ambiguous',
      layout: hasPrefix(header, `${prefix}decoder.up_blocks.`) ? 'diffusers' : 'single-file',
      channels: input[1],
      recognized: input[1] === 4,
    };
  }
  return undefined;
}

const textArchitectures: ReadonlyMap<number, string> = new Map([
  [768, 'clip-l'],
  [1024, 'openclip-h'],
  [1280, 'openclip-g'],
]);

function detectTextEncoder(header: HeaderView): Detection | undefined {
  for (const prefix of ['text_model.', '', 'text_encoder.text_model.']) {
    const [, hidden] = shapeOf(header, `${prefix}embeddings.token_embedding.weight`);
    if (hidden === undefined) continue;
    const architecture = textArchitectures.get(hidden);
    return {
      ...unknownFile,
      component: 'text_encoder',
      layout: 'diffusers',
      hidden,
      layers: countTensors(
        (name) => header.tensors.has(name),
        (i) => `${prefix}encoder.layers.${i}.layer_norm1.weight`,
      ),
      ...(architecture === undefined ? {} : { architecture }),
      recognized: architecture !== undefined,
    };
  }
  return undefined;
}

const embeddingFamilies: ReadonlyMap<number, Family> = new Map([
  [768, 'sd1'],
  [1024, 'sd2'],
  [1280, 'sdxl'],
]);

function detectEmbedding(header: HeaderView): Detection | undefined {
  const { tensors } = header;
  if (tensors.has('clip_l') && tensors.has('clip_g')) {
    return embedding('sdxl', shapeOf(header, 'clip_l'));
  }
  const names = [...tensors.keys()];
  const named = names.find((name) => name === 'emb_params' || name.startsWith('string_to_param'));
  const shape = shapeOf(header, named ?? names[0] ?? '');
  const family = embeddingFamilies.get(shape.at(-1) ?? 0);
  // A file of one small tensor is taken for an embedding only where its width is an encoder's.
  const alone =
    names.length === 1 && family !== undefined && !names[0].includes('.') && names[0] !== 'weight';
  if ((named === undefined && !alone) || shape.length < 1 || shape.length > 2) return undefined;
  return embedding(family ?? 'unknown', shape);
}

function embedding(family: Family, shape: readonly number[]): Detection {
  return {
    ...unknownFile,
    component: 'embedding',
    family,
    vectors: shape.length === 2 ? shape[0] : 1,
    recognized: family !== 'unknown',
  };
}
