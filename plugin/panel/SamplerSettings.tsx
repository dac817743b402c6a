import { limits } from '../../shared/limits.ts';
import { activeSampler } from '../session/select.ts';
import { Field } from './controls/Field.tsx';
import { NumberField } from './controls/NumberField.tsx';
import { useSession } from './useSession.ts';

/** What the chosen sampler can be told beyond its name. */
export function SamplerSettings() {
  const [state, { change }] = useSession();
  const { settings } = state;
  const options = activeSampler(state)?.options;
  if (!options) return null;
  return (
    <>
      {options.eta !== undefined && (
        <Field label="Eta">
          <NumberField
            label="Eta"
            value={settings.eta}
            range={limits.eta}
            digits={2}
            placeholder={String(options.eta)}
            onChange={(eta) => change({ eta })}
            onClear={() => change({ eta: undefined })}
          />
          <div className="grow beside tiny dim">fresh noise per step</div>
        </Field>
      )}
      {options.hasChurn && <Churn />}
      {options.hasNoise && (
        <Field label="Step noise">
          <NumberField
            label="Step noise"
            value={settings.sNoise}
            range={limits.sNoise}
            digits={3}
            onChange={(sNoise) => change({ sNoise })}
          />
          <div className="grow beside tiny dim">× as strong</div>
        </Field>
      )}
    </>
  );
}

function Churn() {
  const [{ settings }, { change }] = useSession();
  return (
    <>
      <Field label="Churn">
        <NumberField
          label="Churn"
          value={settings.sChurn}
          range={limits.sChurn}
          digits={1}
          onChange={(sChurn) => change({ sChurn })}
        />
        <div className="grow beside tiny dim">noise put back</div>
      </Field>
      {settings.sChurn > 0 && (
        <Field label="… at sigmas">
          <NumberField
            label="Churn from sigma"
            value={settings.sTmin}
            range={limits.sTmin}
            digits={2}
            onChange={(sTmin) => change({ sTmin })}
          />
          <div className="beside">
            <NumberField
              label="Churn up to sigma"
              value={settings.sTmax === 0 ? undefined : settings.sTmax}
              range={limits.sTmax}
              digits={2}
              placeholder="any"
              onChange={(sTmax) => change({ sTmax })}
              onClear={() => change({ sTmax: 0 })}
            />
          </div>
        </Field>
      )}
    </>
  );
}
