import { useState } from 'react';
import { limits } from '../../shared/limits.ts';
import { Area, MaskedContent } from '../../shared/request.ts';
import { expandsByPatches } from '../session/expansion.ts';
import { activeModel, activeSampler } from '../session/select.ts';
import { areaWords, startWords } from '../session/settingWords.ts';
import { defaultSettings, Source } from '../session/settings.ts';
import { Advanced } from './Advanced.tsx';
import { ControlUnits } from './ControlUnits.tsx';
import { Field } from './controls/Field.tsx';
import { LinkButton } from './controls/LinkButton.tsx';
import { NumberField } from './controls/NumberField.tsx';
import { PercentField } from './controls/PercentField.tsx';
import { Picker, type Choice } from './controls/Picker.tsx';
import { HiresFields } from './HiresFields.tsx';
import { moreLine } from './moreLine.ts';
import { RefinerFields } from './RefinerFields.tsx';
import { SamplerFields } from './SamplerFields.tsx';
import { SeedFields } from './SeedFields.tsx';
import { SoftInpainting } from './SoftInpainting.tsx';
import { useSession } from './useSession.ts';

const starts = choicesOf(startWords);
const areas = choicesOf(areaWords);
const sources = [
  { value: 'automatic', label: 'as it fits' },
  { value: 'composite', label: 'all that is visible' },
  { value: 'layer', label: 'the active layer' },
];

function choicesOf(words: Readonly<Record<string, string>>): readonly Choice[] {
  return Object.entries(words).map(([value, label]) => ({ value, label }));
}

/** Everything else, behind one line that tells its present state. */
export function More() {
  const [state, { change }] = useSession();
  const [isOpen, setOpen] = useState(false);
  const { settings } = state;
  const sampler = activeSampler(state);
  const isModelFree = settings.mode === 'remove' || expandsByPatches(settings, activeModel(state));
  return (
    <div className="section">
      <div className="row start">
        <LinkButton onPress={() => setOpen(!isOpen)} isExpanded={isOpen}>
          {isOpen ? '▾ More' : '▸ More'}
        </LinkButton>
        {isOpen ? (
          <div className="grow right tiny">
            <LinkButton onPress={() => change({ ...resettable, eta: undefined, hires: undefined })}>
              reset
            </LinkButton>
          </div>
        ) : (
          <div className="grow tiny dim more-line">{moreLine(settings, sampler, isModelFree)}</div>
        )}
      </div>
      {isOpen && (
        <div className="more">
          {!isModelFree && <Sampling />}
          <SeedFields />
          {!isModelFree && <Reading />}
          <Field label="Grow">
            <NumberField
              label="Grow"
              value={settings.growPx}
              range={limits.growPx}
              digits={0}
              unit="px"
              onChange={(growPx) => change({ growPx })}
            />
          </Field>
          <Field label="Colour match">
            <PercentField
              label="Colour match"
              value={settings.colorMatch}
              onChange={(colorMatch) => change({ colorMatch })}
            />
          </Field>
          <Field label="Grain match">
            <PercentField
              label="Grain match"
              value={settings.grainMatch}
              onChange={(grainMatch) => change({ grainMatch })}
            />
          </Field>
          {!isModelFree && <RefinerFields />}
          {!isModelFree && <HiresFields />}
          {!isModelFree && <SoftInpainting />}
          {!isModelFree && <ControlUnits />}
          {!isModelFree && <Advanced />}
        </div>
      )}
    </div>
  );
}

const {
  mode: _mode,
  prompt: _prompt,
  negativePrompt: _avoid,
  model: _model,
  expand: _expand,
  ...resettable
} = defaultSettings;

function Sampling() {
  const [{ settings }, { change }] = useSession();
  return (
    <>
      <SamplerFields />
      <Field label="Steps">
        <NumberField
          label="Steps"
          value={settings.steps}
          range={limits.steps}
          digits={0}
          onChange={(steps) => change({ steps })}
        />
        {settings.advanced.exactSteps !== true && (
          <div className="grow beside tiny dim">× strength</div>
        )}
      </Field>
      <Field label="CFG">
        <NumberField
          label="CFG"
          value={settings.cfgScale}
          range={limits.cfgScale}
          digits={1}
          onChange={(cfgScale) => change({ cfgScale })}
        />
      </Field>
    </>
  );
}

function Reading() {
  const [{ settings }, { change }] = useSession();
  return (
    <>
      <Field label="Start from">
        <Picker
          label="Start from"
          value={settings.maskedContent}
          choices={starts}
          onChange={(value) => change({ maskedContent: MaskedContent.parse(value) })}
        />
      </Field>
      <Field label="Sees">
        <Picker
          label="Sees"
          value={settings.area}
          choices={areas}
          onChange={(value) => change({ area: Area.parse(value) })}
        />
      </Field>
      {settings.area === 'masked' && (
        <Field label="Padding">
          <NumberField
            label="Padding"
            value={settings.paddingPx}
            range={limits.paddingPx}
            digits={0}
            unit="px"
            onChange={(paddingPx) => change({ paddingPx })}
          />
        </Field>
      )}
      <Field label="Reads">
        <Picker
          label="Reads"
          value={settings.source}
          choices={sources}
          onChange={(value) => change({ source: Source.parse(value) })}
        />
      </Field>
    </>
  );
}
