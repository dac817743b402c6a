/** A component's configuration and weights, as the engine reads them from a diffusers folder. */
import { collectWeights } from '../../service/engine/weights/collectWeights.ts';
import { withTextJson, withUnetJson } from '../../service/engine/weights/diffusersConfig.ts';
import {
  clipTextConfigFromShapes,
  controlNetConfigFromShapes,
  unetConfigFromShapes,
} from '../../service/engine/weights/networkConfigs.ts';
import {
  clipTextShapes,
  controlNetShapes,
  unetShapes,
} from '../../service/engine/weights/networkShapes.ts';
import {
  controlNetSource,
  textModelAt,
  unetSource,
  type TensorSource,
} from '../../service/engine/weights/tensorSource.ts';
import type {
  ClipTextConfig,
  ControlNetConfig,
  NetworkWeights,
  UNetConfig,
} from '../../service/engine/weights/types.ts';
import type { Component } from './runComponent.ts';

interface Opened<C> {
  readonly config: C;
  readonly weights: NetworkWeights;
}

export function openUnet({ tensors, json }: Component): Opened<UNetConfig> {
  const source = found(unetSource(tensors), 'a UNet');
  const { config } = withUnetJson(unetConfigFromShapes(source), json);
  return { config, weights: collectWeights('UNet', source, unetShapes(config)) };
}

export function openControlNet({ tensors, json }: Component): Opened<ControlNetConfig> {
  const source = found(controlNetSource(tensors), 'a ControlNet');
  const shapes = controlNetConfigFromShapes(source);
  const config = { ...shapes, trunk: withUnetJson(shapes.trunk, json).config };
  return { config, weights: collectWeights('ControlNet', source, controlNetShapes(config)) };
}

export function openTextModel({ tensors, json }: Component): Opened<ClipTextConfig> {
  const source = found(textModelAt(tensors, '')?.source, 'a text encoder');
  const config = withTextJson(clipTextConfigFromShapes(source), json);
  return { config, weights: collectWeights('text encoder', source, clipTextShapes(config)) };
}

function found(source: TensorSource | undefined, what: string): TensorSource {
  if (!source) throw new Error(`Expected the tensors of ${what}`);
  return source;
}
