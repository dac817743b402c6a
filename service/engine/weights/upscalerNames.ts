/** The three namings of one network, ESRGAN's: by Real-ESRGAN's names. */

export interface UpscalerNaming {
  /** Name in the file of a layer of Real-ESRGAN (without `.weight`), for so many blocks and doublings. */
  readonly name: (layer: string, counts: { blocks: number; doublings: number }) => string;
}

const real: UpscalerNaming = { name: (layer) => layer };

/** BasicSR before Real-ESRGAN. */
const basic: UpscalerNaming = {
  name: (layer) =>
    layer
      .replace(/^body\.(\d+)\.rdb(\d)/, 'RRDB_trunk.$1.RDB$2')
      .replace(/^conv_body$/, 'trunk_conv')
      .replace(/^conv_up(\d)$/, 'upconv$1')
      .replace(/^conv_hr$/, 'HRconv'),
};

/** ESRGAN's own: layers numbered with the activations and doublings between them. */
const first: UpscalerNaming = {
  name: (layer, { blocks, doublings }) =>
    layer
      .replace(/^conv_first$/, 'model.0')
      .replace(/^body\.(\d+)\.rdb(\d)\.(conv\d)$/, 'model.1.sub.$1.RDB$2.$3.0')
      .replace(/^conv_body$/, `model.1.sub.${blocks}`)
      .replace(/^conv_up(\d)$/, (_, n: string) => `model.${3 * Number(n)}`)
      .replace(/^conv_hr$/, `model.${3 * doublings + 2}`)
      .replace(/^conv_last$/, `model.${3 * doublings + 4}`),
};

export const upscalerNamings: readonly UpscalerNaming[] = [real, basic, first];
