/** A model's networks, each called once the memory has room for it. */
import type { DiffusionModel } from '../diffusion.ts';
import { makeAutoencoder, type Autoencoder, type AutoencoderOptions } from './autoencoder.ts';
import type { PartContext } from './networkPart.ts';
import { makeResidents, weightBytesOf, type MemoryLimits } from './residentNetworks.ts';
import type { TextEncoder } from './textEncoder.ts';
import type { UNetRunner } from './unetRunner.ts';
import type { OpenedCheckpoint } from '../weights/types.ts';

export interface PlacedNetworks extends Pick<
  DiffusionModel,
  'encodeText' | 'predict' | 'encode' | 'decode'
> {
  /** Of all weights when loaded, bytes. */
  readonly weightBytes: number;
}

interface Networks {
  readonly textEncoder: TextEncoder;
  readonly unet: UNetRunner;
  readonly autoencoder: Autoencoder;
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
  memory: MemoryLimits,
  context: PartContext,
  vae: OpenedCheckpoint['vae'],
): Autoencoder {
  const options: AutoencoderOptions = {
    wholeBytes: (work, pixels) => memory.workBytes(work, pixels),
    workBytes: () => Math.min(memory.spareBytes(), memory.lowMemory ? lowWorkBytes : Infinity),
    half: memory.lowMemory,
  };
  return makeAutoencoder(context, vae, options);
}

export function placeNetworks(
  { textEncoder, unet, autoencoder }: Networks,
  checkpoint: OpenedCheckpoint,
  { abilities }: Pick<PartContext, 'abilities'>,
  memory: MemoryLimits,
): PlacedNetworks {
  const { precision } = abilities;
  const bytes = {
    text: checkpoint.textEncoders.reduce((sum, e) => sum + weightBytesOf(e.weights, precision), 0),
    unet: weightBytesOf(checkpoint.unet.weights, precision),
    vae: weightBytesOf(checkpoint.vae.weights, 'float32'),
  };
  const residents = makeResidents(
    {
      text: { weightBytes: bytes.text, dispose: () => textEncoder.dispose() },
      unet: { weightBytes: bytes.unet, dispose: () => unet.dispose() },
      vae: { weightBytes: bytes.vae, dispose: () => autoencoder.dispose() },
    },
    memory,
  );
  const downscale = 2 ** (checkpoint.vae.config.blockOutChannels.length - 1);
  const picturePixels = (latents: { readonly shape: readonly number[] }): number =>
    latents.shape[2] * latents.shape[3] * downscale * downscale;
  return {
    weightBytes: bytes.text + bytes.unet + bytes.vae,
    encodeText: (...question) =>
      residents.run('text', 0, () => textEncoder.encodeText(...question)),
    predict: (latents, ...rest) =>
      residents.run('unet', memory.workBytes('predict', picturePixels(latents)), () =>
        unet.predict(latents, ...rest),
      ),
    encode(picture) {
      const work = memory.workBytes('encode', picture.shape[2] * picture.shape[3]);
      return residents.run('vae', work, () => autoencoder.encode(picture));
    },
    decode: (latents) =>
      residents.run('vae', memory.workBytes('decode', picturePixels(latents)), () =>
        autoencoder.decode(latents),
      ),
  };
}
