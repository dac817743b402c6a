import { tensor, type Tensor } from '../../tensor.ts';
import type { OnnxVae } from '../../weights/onnx/openOnnxFolder.ts';
import type { Autoencoder } from '../autoencoder.ts';
import { itemsOf, joinBatches } from '../batch.ts';
import { makeOnnxPart, type OnnxContext } from './onnxPart.ts';

/** As the clamp of an autoencoder's distribution: all but no variance. */
const leastLogVariance = -30;
const mostLogVariance = 20;

/**
 * The autoencoder of an ONNX folder, picture by picture. Its encoder answers mean and log variance side
 * by side (`latent_parameters`), or a sample only; then that is taken as the mean, without its noise.
 */
export function makeOnnxVae(context: OnnxContext, { encoder, decoder }: OnnxVae): Autoencoder {
  const tuning = { frugal: true };
  const encode = makeOnnxPart(context, { name: 'VAE encoder', file: encoder, tuning });
  const decode = makeOnnxPart(context, { name: 'VAE decoder', file: decoder, tuning });
  const [latents] = encoder.outputs.map(({ name }) => name);
  const [picture] = decoder.outputs.map(({ name }) => name);
  const answersBoth = latents === 'latent_parameters';
  return {
    async encode(pictures) {
      const halves: Array<readonly [Tensor, Tensor]> = [];
      for (const sample of itemsOf(pictures)) {
        const outputs = await encode.run({ sample }, [latents]);
        halves.push(answersBoth ? halvesOf(outputs[latents]) : meanOnly(outputs[latents]));
      }
      const mean = joinBatches(halves.map(([first]) => first));
      return { mean, logVariance: joinBatches(halves.map(([, second]) => second)) };
    },
    async decode(batch) {
      const pictures: Tensor[] = [];
      for (const item of itemsOf(batch)) {
        pictures.push((await decode.run({ latent_sample: item }, [picture]))[picture]);
      }
      return joinBatches(pictures);
    },
    async dispose() {
      await encode.dispose();
      await decode.dispose();
    },
  };
}

/** [1,2C,h,w] to two of [1,C,h,w]. */
function halvesOf({ data, shape }: Tensor): readonly [Tensor, Tensor] {
  const own = [shape[0], shape[1] / 2, ...shape.slice(2)];
  const half = data.length / 2;
  const logVariance = data
    .slice(half)
    .map((value) => Math.min(mostLogVariance, Math.max(leastLogVariance, value)));
  return [tensor(data.slice(0, half), own), tensor(logVariance, own)];
}

function meanOnly(sample: Tensor): readonly [Tensor, Tensor] {
  const { shape, data } = sample;
  return [sample, tensor(new Float32Array(data.length).fill(leastLogVariance), shape)];
}
