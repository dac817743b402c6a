import { PentimentoError } from '../../../../shared/errors.ts';
import type { DiffusionModel, TextContext } from '../../diffusion.ts';
import { tensor, type Tensor } from '../../tensor.ts';
import type { OnnxUnet } from '../../weights/onnx/openOnnxFolder.ts';
import { itemsOf, joinBatches } from '../batch.ts';
import { contextItems } from '../conditionFeeds.ts';
import type { UNetRunner } from '../unetRunner.ts';
import { cornerOf, mirroredTo } from './mirrored.ts';
import { makeOnnxPart, type Numbers, type OnnxContext } from './onnxPart.ts';

/**
 * The UNet of an ONNX folder: a batch at once where the device gains from it and the batch shares one
 * timestep, else item by item. Timesteps are rounded where the graph takes whole ones. Most exports
 * cannot follow sizes that become odd on the way down: such latents are continued by their mirror image.
 */
export function makeOnnxUnet(context: OnnxContext, file: OnnxUnet): UNetRunner {
  const part = makeOnnxPart(context, { name: 'UNet', file });
  const { multiple } = file;
  const [output] = file.outputs.map(({ name }) => name);
  const time = file.inputs.find(({ name }) => name === 'timestep');
  const takesSizes = file.inputs.some(({ name }) => name === 'time_ids');
  let mirrors = false;
  const fixedBatch = file.inputs.some(({ name, shape }) => name === 'sample' && shape?.[0]);

  async function predictBatch(
    latents: Tensor,
    timestep: number,
    text: TextContext,
  ): Promise<Tensor> {
    const feeds: Record<string, Numbers> = {
      sample: latents,
      timestep: tensor(Float32Array.of(timestep), time?.shape?.length === 0 ? [] : [1]),
      encoder_hidden_states: { data: text.data, shape: text.shape },
    };
    if (takesSizes) {
      const { pooled, sizes } = text;
      if (!pooled || !sizes) throw new RangeError('Expected a pooled text and sizes for this UNet');
      Object.assign(feeds, { text_embeds: pooled, time_ids: sizes });
    }
    return sized(feeds, latents);
  }

  async function sized(feeds: Record<string, Numbers>, latents: Tensor): Promise<Tensor> {
    const sides = latents.shape.slice(2);
    const [height, width] = sides.map((side) => Math.ceil(side / multiple) * multiple);
    const isEven = sides.every((side) => side % multiple === 0);
    if (isEven || !mirrors) {
      try {
        return (await part.run(feeds, [output]))[output];
      } catch (error) {
        if (isEven || !(error instanceof PentimentoError && error.code === 'E_MODEL_DAMAGED'))
          throw error;
        mirrors = true;
      }
    }
    const sample = mirroredTo(latents, { height, width });
    const outputs = await part.run({ ...feeds, sample }, [output]);
    return cornerOf(outputs[output], { height: sides[0], width: sides[1] });
  }

  const predict: DiffusionModel['predict'] = async (latents, timesteps, text, control) => {
    if (control) throw takesNoControl();
    const isOneStep = timesteps.every((step) => step === timesteps[0]);
    if (context.device.batches && isOneStep && !fixedBatch) {
      return predictBatch(latents, timesteps[0], text);
    }
    const texts = contextItems(text);
    const predictions: Tensor[] = [];
    for (const [i, item] of itemsOf(latents).entries()) {
      predictions.push(await predictBatch(item, timesteps[i], texts[i]));
    }
    return joinBatches(predictions);
  };
  return { predict, dispose: () => part.dispose() };
}

function takesNoControl(): PentimentoError {
  const what = 'An ONNX model has no inputs for ControlNets.';
  return new PentimentoError('E_MODEL_ABILITY', what);
}
