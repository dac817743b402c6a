/** A model's networks, each called once the memory has room for it. */
import type { DiffusionModel } from '../diffusion.ts';
import { makeAutoencoder, type Autoencoder, type AutoencoderOptions } from './autoencoder.ts';
import type { PartContext } from './networkPart.ts';
import { weightBytesOf, type MemoryLimits, type NetworkMemory } from './residentNetworks.ts';
import type { TextEncoder } from './textEncoder.ts';
import type { UNetRunner } from './unetRunner.ts';
import type { NetworkWeights, OpenedCheckpoint, VaeConfig } from '../weights/types.ts';

export interface PlacedNetworks extends Pick<
  DiffusionModel,
  'encodeText' | 'predict' | 'encode' | 'decode'
> {
  /** Of all weights when loaded, bytes. */
  readonly weightBytes: number;
  dispose(): Promise<void>;
}

export interface Networks {
  readonly textEncoder: TextEncoder;
  readonly unet: UNetRunner;
  readonly autoencoder: Autoencoder;
}

/** The weights of each network, wherever its graph comes from. */
export interface PlacedWeights {
  readonly textEncoders: ReadonlyArray<{ readonly weights: NetworkWeights }>;
  readonly unet: { readonly weights: NetworkWeights };
  readonly vae: {
    readonly weights: NetworkWeights;
    readonly config: Pick<VaeConfig, 'blockOutChannels'>;
  };
}

export const unlimitedMemory: MemoryLimits = {
  lowMemory: false,
  spareBytes: () => Infinity,
  workBytes: () => 0,
};

/** What the autoencoder's intermediate results may take in low-memory mode: 512 x 512 in one piece. */
const lowWorkBytes = 1.4e9;

/** The autoencoder within these limits. */
export function autoencoderWithin(
  { limits, residents }: NetworkMemory,
  context: PartContext,
  vae: OpenedCheckpoint['vae'],
): Autoencoder {
  const options: AutoencoderOptions = {
    wholeBytes: (work, pixels) => limits.workBytes(work, pixels),
    workBytes: () => Math.min(residents.spareBytes(), limits.lowMemory ? lowWorkBytes : Infinity),
    half: limits.lowMemory,
  };
  return makeAutoencoder(context, vae, options);
}

export function placeNetworks(
  { textEncoder, unet, autoencoder }: Networks,
  checkpoint: PlacedWeights,
  { abilities }: Pick<PartContext, 'abilities'>,
  { limits, residents }: NetworkMemory,
): PlacedNetworks {
  const { precision } = abilities;
  const bytes = {
    text: checkpoint.textEncoders.reduce((sum, e) => sum + weightBytesOf(e.weights, precision), 0),
    unet: weightBytesOf(checkpoint.unet.weights, precision),
    vae: weightBytesOf(checkpoint.vae.weights, 'float32'),
  };
  const place = (kind: keyof typeof bytes, part: { dispose(): Promise<void> }, keepsWork = false) =>
    residents.add({ kind, weightBytes: bytes[kind], keepsWork, dispose: () => part.dispose() });
  const text = place('text', textEncoder);
  const painting = place('unet', unet, true);
  const vae = place('vae', autoencoder);
  const downscale = 2 ** (checkpoint.vae.config.blockOutChannels.length - 1);
  const picturePixels = (latents: { readonly shape: readonly number[] }): number =>
    latents.shape[2] * latents.shape[3] * downscale * downscale;
  return {
    weightBytes: bytes.text + bytes.unet + bytes.vae,
    encodeText: (...question) => text.run(0, () => textEncoder.encodeText(...question)),
    predict: (latents, ...rest) =>
      painting.run(limits.workBytes('predict', picturePixels(latents)), () =>
        unet.predict(latents, ...rest),
      ),
    encode(picture) {
      const work = limits.workBytes('encode', picture.shape[2] * picture.shape[3]);
      return vae.run(work, () => autoencoder.encode(picture));
    },
    decode: (latents) =>
      vae.run(limits.workBytes('decode', picturePixels(latents)), () =>
        autoencoder.decode(latents),
      ),
    async dispose() {
      for (const one of [text, painting, vae]) await one.leave();
    },
  };
}
