import { limits } from '../../shared/limits.ts';
import { expandsByPatches } from '../session/expansion.ts';
import { activeModel, strengthWord } from '../session/select.ts';
import { NumberField } from './controls/NumberField.tsx';
import { Slider } from './controls/Slider.tsx';
import { useSession } from './useSession.ts';

const words = ['touch up', 'rework', 'restyle', 'replace'];

/** How much of the picture is made new, with the words for it. */
export function StrengthRow() {
  const [state, session] = useSession();
  const { settings } = state;
  const isModelFree = settings.mode === 'remove' || expandsByPatches(settings, activeModel(state));
  if (isModelFree) return null;
  const { strength } = settings;
  return (
    <div className="section">
      <div className="row">
        <div className="grow">Strength</div>
        <NumberField
          label="Strength"
          value={strength}
          range={limits.strength}
          digits={2}
          onChange={(next) => session.change({ strength: next })}
        />
      </div>
      <Slider
        label="Strength"
        value={Math.round(strength * 100)}
        min={0}
        max={100}
        onChange={(percent) => session.change({ strength: percent / 100 })}
      />
      <div className="row ticks">
        {words.map((word) => (
          <div key={word} className={word === strengthWord(strength) ? 'tick on' : 'tick'}>
            {word}
          </div>
        ))}
      </div>
    </div>
  );
}
