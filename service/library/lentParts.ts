/** UNets that lie alone in a file run with the text encoders and the VAE of another model of their family. */
import type { ModelInfo } from '../../shared/api.ts';
import { PentimentoError } from '../../shared/errors.ts';
import { partsOfOtherFamily } from '../engine/weights/refuseModel.ts';
import type { ModelFiles } from '../messages.ts';
import type { FoundModel } from './scanFolder.ts';

interface LendingEntry {
  readonly found: FoundModel;
  readonly info: ModelInfo;
  readonly isUnetAlone?: boolean | undefined;
  /** Id of the model that lends unless another is named. */
  readonly lender?: string;
}

/** Those that are alone become usable where somebody lends; the first plain model of the family does. */
export function withLentParts<E extends LendingEntry>(entries: readonly E[]): E[] {
  return entries.map((entry) => {
    const lender = entry.isUnetAlone === true ? lenderFor(entry.info.family, entries) : undefined;
    if (!lender) return entry;
    const { problem: _, ...info } = entry.info;
    const { nativeSide, prediction } = lender.info;
    return {
      ...entry,
      lender: lender.info.id,
      info: {
        ...info,
        usable: true,
        partsFrom: lender.info.name,
        prediction: info.prediction === 'v' ? 'v' : prediction,
        ...(nativeSide === undefined ? {} : { nativeSide }),
      },
    };
  });
}

function lenderFor<E extends LendingEntry>(family: string, entries: readonly E[]): E | undefined {
  const able = entries.filter(
    ({ found, info, isUnetAlone }) =>
      info.kind === 'checkpoint' &&
      info.usable &&
      info.family === family &&
      isUnetAlone !== true &&
      found.layout !== 'onnx',
  );
  return able.find(({ info }) => info.variant === 'base') ?? able[0];
}

/**
 * What goes with the model of `entry`: nothing where it is whole, else the parts of `asked`, or of the
 * model that lends by itself. Throws E_MODEL_KIND for a model that needs no parts or a lender that has
 * none to lend, E_MODEL_FAMILY for a lender of another family.
 */
export function lentParts<E extends LendingEntry>(
  entry: E,
  asked: E | undefined,
  entries: readonly E[],
): Pick<ModelFiles, 'rest'> {
  const { info } = entry;
  if (asked && entry.isUnetAlone !== true) {
    const what = `"${info.name}" has text encoder and VAE of its own and takes no other model's.`;
    throw new PentimentoError('E_MODEL_KIND', what);
  }
  const lender = asked ?? entries.find((other) => other.info.id === entry.lender);
  if (!lender) return {};
  const { found, info: from } = lender;
  if (lender.isUnetAlone === true || found.layout === 'onnx') {
    const what = lender.isUnetAlone === true ? 'a UNet alone as well' : 'made of ONNX graphs';
    const lends = 'it cannot lend its text encoder and VAE';
    throw new PentimentoError('E_MODEL_KIND', `"${from.name}" is ${what}: ${lends}.`);
  }
  if (from.family !== info.family) throw partsOfOtherFamily(from.name, from.family, info.family);
  const { id, name, family, hash } = from;
  const reference = { id, name, family, ...(hash === undefined ? {} : { hash }) };
  return { rest: { reference, layout: found.layout, path: found.path } };
}
