import { useState, type ReactNode } from 'react';
import { limits, maxSeed } from '../../shared/limits.ts';
import { Area, MaskedContent } from '../../shared/request.ts';
import { defaultSettings, Source } from '../session/settings.ts';
import { Checkbox } from './controls/Checkbox.tsx';
import { LinkButton } from './controls/LinkButton.tsx';
import { NumberField } from './controls/NumberField.tsx';
import { Picker } from './controls/Picker.tsx';
import { samplers, schedules } from './samplerNames.ts';
import { useSession } from './useSession.ts';
import { moreLine } from './moreLine.ts';

const starts = [
  { value: 'original', label: 'the picture' },
  { value: 'fill', label: 'its surroundings' },
  { value: 'latent-noise', label: 'noise' },
  { value: 'latent-nothing', label: 'nothing' },
];
const areas = [
  { value: 'context', label: 'what it needs' },
  { value: 'masked', label: 'selection + padding' },
  { value: 'whole', label: 'the whole picture' },
];
const sources = [
  { value: 'automatic', label: 'as it fits' },
  { value: 'composite', label: 'all that is visible' },
  { value: 'layer', label: 'the active layer' },
];

/** Everything else, behind one line that tells its present state. */
export function More() {
  const [{ settings }, session] = useSession();
  const [isOpen, setOpen] = useState(false);
  const { change } = session;
  return (
    <div className="section">
      <div className="row start">
        <LinkButton onPress={() => setOpen(!isOpen)} isExpanded={isOpen}>
          {isOpen ? '▾ More' : '▸ More'}
        </LinkButton>
        {isOpen ? (
          <div className="grow right tiny">
            <LinkButton onPress={() => change(resettable)}>reset</LinkButton>
          </div>
        ) : (
          <div className="grow tiny dim more-line">{moreLine(settings)}</div>
        )}
      </div>
      {isOpen && (
        <div className="more">
          {settings.mode !== 'remove' && <Sampling />}
          <SeedField />
          {settings.mode !== 'remove' && <Reading />}
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
            <NumberField
              label="Colour match"
              value={Math.round(settings.colorMatch * 100)}
              range={{ min: 0, max: 100 }}
              digits={0}
              unit="%"
              onChange={(percent) => change({ colorMatch: percent / 100 })}
            />
          </Field>
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
  ...resettable
} = defaultSettings;

function Field({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <div className="row field">
      <div className="field-label">{label}</div>
      {children}
    </div>
  );
}

function Sampling() {
  const [{ settings }, { change }] = useSession();
  return (
    <>
      <Field label="Sampler">
        <Picker
          label="Sampler"
          value={settings.sampler}
          choices={samplers}
          onChange={(sampler) => change({ sampler })}
        />
      </Field>
      <Field label="Schedule">
        <Picker
          label="Schedule"
          value={settings.schedule}
          choices={schedules}
          onChange={(schedule) => change({ schedule })}
        />
      </Field>
      <Field label="Steps">
        <NumberField
          label="Steps"
          value={settings.steps}
          range={limits.steps}
          digits={0}
          onChange={(steps) => change({ steps })}
        />
        <div className="tiny dim beside">× strength</div>
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

function SeedField() {
  const [{ settings }, { change }] = useSession();
  return (
    <Field label="Seed">
      <NumberField
        label="Seed"
        value={settings.seed}
        range={{ min: 0, max: maxSeed }}
        digits={0}
        onChange={(seed) => change({ seed, isSeedFixed: true })}
      />
      <div className="beside">
        <Checkbox
          isChecked={settings.isSeedFixed}
          onChange={(isSeedFixed) => change({ isSeedFixed })}
        >
          fixed
        </Checkbox>
      </div>
    </Field>
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
