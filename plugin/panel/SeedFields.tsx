import { maxSeed } from '../../shared/limits.ts';
import { lastSeed } from '../session/select.ts';
import { Checkbox } from './controls/Checkbox.tsx';
import { Field } from './controls/Field.tsx';
import { LinkButton } from './controls/LinkButton.tsx';
import { NumberField } from './controls/NumberField.tsx';
import { useSession } from './useSession.ts';

/** The seed: a random one each time, the last one again, or a fixed one. */
export function SeedFields() {
  const [state, { change }] = useSession();
  const { seed, isSeedFixed } = state.settings;
  const last = lastSeed(state);
  const random = () => change({ isSeedFixed: false });
  return (
    <>
      <Field label="Seed">
        <NumberField
          label="Seed"
          value={isSeedFixed ? seed : undefined}
          range={{ min: 0, max: maxSeed }}
          digits={0}
          placeholder="random"
          isLong
          onChange={(next) => change({ seed: next, isSeedFixed: true })}
          onClear={random}
        />
        <div className="beside">
          <Checkbox
            isChecked={isSeedFixed}
            onChange={(isFixed) => change({ isSeedFixed: isFixed, seed: last ?? seed })}
          >
            fixed
          </Checkbox>
        </div>
      </Field>
      <div className="row about tiny wrap">
        {isSeedFixed && (
          <div className="seed-choice">
            <LinkButton onPress={random}>random</LinkButton>
          </div>
        )}
        {last !== undefined && last !== (isSeedFixed ? seed : undefined) && (
          <LinkButton
            label={`Use the last seed, ${last}`}
            onPress={() => change({ seed: last, isSeedFixed: true })}
          >
            last: {last}
          </LinkButton>
        )}
      </div>
    </>
  );
}
