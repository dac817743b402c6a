import { basename } from 'node:path';
import { PentimentoError } from '../../../shared/errors.ts';
import { collectWeights } from './collectWeights.ts';
import { shown } from './headerJson.ts';
import { taesdShapes } from './networkShapes.ts';
import { readTensorFile } from './readTensorFile.ts';
import { taesdSource } from './tensorSource.ts';
import type { NetworkWeights } from './types.ts';

/**
 * The tiny autoencoder of a file, in diffusers' naming (`decoder.layers.0.weight`) or its author's:
 * the decoder, and the encoder where the file has one. Throws E_MODEL_KIND when the file has no TAESD
 * decoder, and what readTensorFile and collectWeights throw.
 */
export async function openTaesd(path: string): Promise<NetworkWeights> {
  const { tensors } = await readTensorFile(path);
  const decoder = taesdSource(tensors, 'decoder');
  if (!decoder) {
    throw new PentimentoError('E_MODEL_KIND', `${shown(basename(path))} is not a TAESD decoder.`);
  }
  const weights = collectWeights('TAESD decoder', decoder, taesdShapes('decoder'));
  // The author's two files share their numbering; only diffusers puts both halves into one.
  if (!tensors.has('encoder.layers.0.weight')) return weights;
  const encoder = taesdSource(tensors, 'encoder');
  if (!encoder) return weights;
  return new Map([...weights, ...collectWeights('TAESD encoder', encoder, taesdShapes('encoder'))]);
}
