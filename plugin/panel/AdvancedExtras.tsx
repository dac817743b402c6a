import type { AdvancedSettings } from '../../shared/advanced.ts';
import { advancedSettingsLines } from '../session/recipeLines.ts';
import { Checkbox } from './controls/Checkbox.tsx';
import { Field } from './controls/Field.tsx';
import { LinkButton } from './controls/LinkButton.tsx';
import { useSession } from './useSession.ts';

/** Switches of a whole run; and what a recipe has set that has no field of its own. */
export function AdvancedExtras() {
  const [{ settings }, { change }] = useSession();
  const { exactSteps, tinyDecoder, softInpainting, ...hidden } = settings.advanced;
  const lines = advancedSettingsLines(hidden);
  return (
    <>
      <Switch label="All steps" name="exactSteps">
        at any strength
      </Switch>
      <Switch label="Fast decode" name="tinyDecoder">
        by TAESD: less fine detail
      </Switch>
      {lines.length > 0 && (
        <Field label="From a recipe">
          <div className="grow tiny dim">
            {lines.map(({ name, value }) => `${name.toLowerCase()} ${value}`).join(' · ')}
          </div>
          <div className="beside tiny">
            <LinkButton
              onPress={() =>
                change({
                  advanced: {
                    ...(exactSteps ? { exactSteps } : {}),
                    ...(tinyDecoder ? { tinyDecoder } : {}),
                    ...(softInpainting ? { softInpainting } : {}),
                  },
                })
              }
            >
              clear
            </LinkButton>
          </div>
        </Field>
      )}
    </>
  );
}

interface SwitchProps {
  readonly label: string;
  readonly name: 'exactSteps' | 'tinyDecoder';
  readonly children: string;
}

/** One of the settings that are there or not. */
function Switch({ label, name, children }: SwitchProps) {
  const [{ settings }, { change }] = useSession();
  const { [name]: isOn = false, ...others } = settings.advanced;
  return (
    <Field label={label}>
      <Checkbox
        isChecked={isOn}
        onChange={(next) => {
          const advanced: AdvancedSettings = next ? { ...others, [name]: true } : others;
          change({ advanced });
        }}
      >
        {children}
      </Checkbox>
    </Field>
  );
}
