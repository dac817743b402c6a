/** What a model file is, told from its header alone. */
import type { StoredTensor } from './types.ts';

export type Family =
  | 'sd1'
  | 'sd2'
  | 'sdxl'
  | 'sdxl-refiner'
  | 'playground-v2.5'
  | 'sd3'
  | 'flux'
  | 'flux2'
  | 'chroma'
  | 'qwen-image'
  | 'wan'
  | 'hunyuan-dit'
  | 'hunyuan-video'
  | 'auraflow'
  | 'pixart'
  | 'lumina'
  | 'hidream'
  | 'cascade'
  | 'cosmos'
  | 'mochi'
  | 'ltx-video'
  | 'esrgan'
  | 'compact'
  /** The file fits several families and cannot tell. */
  | 'ambiguous'
  | 'unknown';

export type Component =
  | 'checkpoint'
  | 'unet'
  | 'vae'
  | 'text_encoder'
  | 'taesd'
  | 'controlnet'
  | 'lora'
  | 'embedding'
  | 'upscaler'
  | 'control-lora'
  | 't2i-adapter'
  | 'ip-adapter'
  | 'hypernetwork'
  | 'unknown';

/** Kinds of file of which nothing more is known than what they are. */
export type OtherKind =
  | 'motion-module'
  | 'vision-encoder'
  | 'language-model'
  | 'segmenter'
  | 'other-upscaler'
  | 'face-restorer';

export interface Detection {
  readonly component: Component;
  /** Of an unknown component. */
  readonly resembles?: OtherKind;
  readonly family: Family;
  /** 'single-file' is the original naming, 'kohya' a LoRA's with underscores. */
  readonly layout?: 'single-file' | 'diffusers' | 'kohya';
  /** 9 input channels: 'inpainting', 8: 'edit' (InstructPix2Pix), 5: 'depth'. */
  readonly variant: 'base' | 'inpainting' | 'edit' | 'depth' | 'other';
  readonly prediction: 'epsilon' | 'v' | 'unknown';
  /** The format is known in full; whether the product can run it today is the library's answer. */
  readonly recognized: boolean;
  /** Input channels of a UNet, latent channels of a VAE. */
  readonly channels?: number;
  /** Attention heads: a fixed number per layer, or of a fixed width. */
  readonly heads?: { readonly count: number } | { readonly dim: number };
  /** Components that a whole checkpoint would have and this file has not. */
  readonly missing?: readonly string[];
  /** Of TAESD. */
  readonly part?: 'encoder' | 'decoder' | 'both';
  /** Of a text encoder. */
  readonly architecture?: string;
  readonly hidden?: number;
  readonly layers?: number;
  /** Of an embedding. */
  readonly vectors?: number;
  /** Of an upscaler. */
  readonly scale?: number;
  /** Of a LoRA. */
  readonly algorithms?: readonly string[];
  readonly targets?: readonly string[];
  readonly bundledEmbeddings?: readonly string[];
}

/** A header as detection needs it. */
export interface HeaderView {
  readonly tensors: ReadonlyMap<string, Pick<StoredTensor, 'shape'>>;
  readonly metadata: ReadonlyMap<string, string>;
}

export const unknownFile: Detection = {
  component: 'unknown',
  family: 'unknown',
  variant: 'base',
  prediction: 'unknown',
  recognized: false,
};

/** Shape of a tensor; empty when the file has none of that name. */
export function shapeOf(header: HeaderView, name: string): readonly number[] {
  return header.tensors.get(name)?.shape ?? [];
}

export function hasPrefix(header: HeaderView, prefix: string): boolean {
  for (const name of header.tensors.keys()) if (name.startsWith(prefix)) return true;
  return false;
}
