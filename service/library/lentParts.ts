/** UNets that lie alone in a file run with the text encoders and the VAE of another model of their family. */
import type { ModelInfo } from '../../shared/api.ts';
import type { ModelFiles } from '../messages.ts';
import type { FoundModel } from './scanFolder.ts';

interface LendingEntry {
  readonly found: FoundModel;
  readonly info: ModelInfo;
  readonly isUnetAlone?: boolean | undefined;
  readonly rest?: ModelFiles['rest'];
}

/** Those that are alone become usable where somebody lends; the first plain model of the family does. */
export function withLentParts<E extends LendingEntry>(entries: readonly E[]): E[] {
  return entries.map((entry) => {
    const lender = entry.isUnetAlone === true ? lenderFor(entry.info.family, entries) : undefined;
    const { layout, path } = lender?.found ?? {};
    if (!lender || path === undefined || (layout !== 'single' && layout !== 'diffusers')) {
      return entry;
    }
    const { problem: _, ...info } = entry.info;
    const { nativeSide, prediction } = lender.info;
    return {
      ...entry,
      rest: { layout, path },
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
