import { useState } from 'react';
import { limits, maxSeed } from '../../shared/limits.ts';
import { Dialect, Emphasis, NoiseSource } from '../../shared/request.ts';
import { activeSampler } from '../session/select.ts';
import { dialectWords, emphasisWords } from '../session/settingWords.ts';
import { AdvancedExtras } from './AdvancedExtras.tsx';
import { advancedLine } from './advancedLine.ts';
import { Field } from './controls/Field.tsx';
import { LinkButton } from './controls/LinkButton.tsx';
import { NumberField } from './controls/NumberField.tsx';
import { Picker, type Choice } from './controls/Picker.tsx';
import { LenderField } from './LenderField.tsx';
import { SamplerSettings } from './SamplerSettings.tsx';
import { useSession } from './useSession.ts';

/** Behind one line that tells what of it is not as usual. */
export function Advanced() {
  const [{ settings }] = useSession();
  const [isOpen, setOpen] = useState(false);
  return (
    <div className="advanced">
      <div className="row start">
        <LinkButton onPress={() => setOpen(!isOpen)} isExpanded={isOpen}>
          {isOpen ? '▾ Advanced' : '▸ Advanced'}
        </LinkButton>
        {!isOpen && <div className="grow tiny dim more-line">{advancedLine(settings)}</div>}
      </div>
      {isOpen && (
        <>
          <Variation />
          <SamplerSettings />
          <Reading />
          <Rules />
          <AdvancedExtras />
        </>
      )}
    </div>
  );
}

function Variation() {
  const [{ settings }, { change }] = useSession();
  const { variationSeed, variationStrength, isSeedFixed } = settings;
  return (
    <>
      <Field label="Variation">
        <NumberField
          label="Variation strength"
          value={variationStrength}
          range={limits.variationStrength}
          digits={2}
          onChange={(next) => change({ variationStrength: next })}
        />
      </Field>
      {variationStrength > 0 && (
        <Field label="… of seed">
          <NumberField
            label="Variation seed"
            value={variationSeed < 0 ? undefined : variationSeed}
            range={{ min: 0, max: maxSeed }}
            digits={0}
            placeholder="random"
            isLong
            onChange={(next) => change({ variationSeed: next })}
            onClear={() => change({ variationSeed: -1 })}
          />
        </Field>
      )}
      <div className="about tiny dim">
        {variationStrength > 0 && !isSeedFixed
          ? 'Fix the seed as well: a variation goes from its picture a little towards another one.'
          : 'How far the picture goes from the seed’s towards another seed’s.'}
      </div>
    </>
  );
}

/** How the prompt and the model are read. */
function Reading() {
  const [state, { change }] = useSession();
  const { settings, models } = state;
  const vaes = models.filter((model) => model.kind === 'vae' && model.usable);
  return (
    <>
      <Field label="Clip skip">
        <NumberField
          label="Clip skip"
          value={settings.clipSkip}
          range={limits.clipSkip}
          digits={0}
          onChange={(clipSkip) => change({ clipSkip })}
        />
        <div className="grow beside tiny dim">
          {settings.clipSkip === 2 ? 'as for anime models' : ''}
        </div>
      </Field>
      <Field label="CFG rescale">
        <NumberField
          label="CFG rescale"
          value={settings.guidanceRescale}
          range={limits.guidanceRescale}
          digits={2}
          onChange={(guidanceRescale) => change({ guidanceRescale })}
        />
        <div className="grow beside tiny dim">against harsh contrast</div>
      </Field>
      <ChoiceField
        label="Emphasis"
        value={settings.emphasis}
        choices={emphases}
        onChange={(value) => change({ emphasis: Emphasis.parse(value) })}
      />
      <LenderField />
      {vaes.length > 0 && (
        <Field label="VAE">
          <Picker
            label="VAE"
            value={settings.vae}
            choices={[
              { value: '', label: 'the model’s own' },
              ...vaes.map(({ id, name }) => ({ value: id, label: name })),
            ]}
            onChange={(vae) => change({ vae })}
          />
        </Field>
      )}
    </>
  );
}

/** Whose rules and whose random numbers. */
function Rules() {
  const [state, { change }] = useSession();
  const { settings } = state;
  const hasDelta = activeSampler(state)?.options.hasSeedDelta === true;
  return (
    <>
      <ChoiceField
        label="Noise"
        value={settings.noiseSource}
        choices={noises}
        onChange={(value) => change({ noiseSource: NoiseSource.parse(value) })}
      />
      {hasDelta && (
        <Field label="Seed delta">
          <NumberField
            label="Seed delta"
            value={settings.etaNoiseSeedDelta}
            range={{ min: -maxSeed, max: maxSeed }}
            digits={0}
            onChange={(etaNoiseSeedDelta) => change({ etaNoiseSeedDelta })}
          />
          <div className="grow beside tiny dim">ENSD</div>
        </Field>
      )}
      <ChoiceField
        label="Rules"
        value={settings.dialect}
        choices={dialects}
        onChange={(value) => change({ dialect: Dialect.parse(value) })}
      />
    </>
  );
}

interface DescribedChoice extends Choice {
  readonly about: string;
}

interface ChoiceFieldProps {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly DescribedChoice[];
  readonly onChange: (value: string) => void;
}

function ChoiceField({ label, value, choices, onChange }: ChoiceFieldProps) {
  return (
    <>
      <Field label={label}>
        <Picker label={label} value={value} choices={choices} onChange={onChange} />
      </Field>
      <div className="about tiny dim">{choices.find((c) => c.value === value)?.about}</div>
    </>
  );
}

const emphases: readonly DescribedChoice[] = [
  {
    value: 'original',
    label: emphasisWords.original,
    about: '(Words:1.3) gain weight and the rest gives way a little, as in AUTOMATIC1111.',
  },
  {
    value: 'no-norm',
    label: emphasisWords['no-norm'],
    about: 'Weights act fully: right for SDXL, harsh elsewhere.',
  },
  {
    value: 'ignore',
    label: emphasisWords.ignore,
    about: 'Brackets are read, but their weights are not used.',
  },
  { value: 'none', label: emphasisWords.none, about: 'Brackets are words like any other.' },
];

const noises: readonly DescribedChoice[] = [
  {
    value: 'cpu',
    label: 'of the processor',
    about: 'The numbers of ComfyUI and diffusers for the same seed.',
  },
  {
    value: 'nv',
    label: 'of NVIDIA cards',
    about: 'The numbers of AUTOMATIC1111 as it is set up at first, for the same seed.',
  },
];

const dialects: readonly DescribedChoice[] = [
  {
    value: 'pentimento',
    label: dialectWords.pentimento,
    about: 'Our own: soft masks stay soft, and every sampler finishes its picture.',
  },
  {
    value: 'a1111',
    label: dialectWords.a1111,
    about: 'Steps, masks and colours as there: for making one of its pictures again.',
  },
  {
    value: 'diffusers',
    label: dialectWords.diffusers,
    about: 'As the Python library: brackets are plain text, and 75 tokens are read.',
  },
];
