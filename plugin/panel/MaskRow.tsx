import { limits } from '../../shared/limits.ts';
import { NumberField } from './controls/NumberField.tsx';
import { Segments } from './controls/Segments.tsx';
import { useSession } from './useSession.ts';

const counts = ['1', '3', '6'].map((value) => ({ value, label: value }));

/** The soft edge in document pixels, and how many pictures are made. */
export function MaskRow() {
  const [{ settings }, session] = useSession();
  return (
    <div className="section row wrap apart">
      <div className="row pair">
        <div className="label">Feather</div>
        <NumberField
          label="Feather"
          value={settings.featherPx}
          range={limits.featherPx}
          digits={0}
          unit="px"
          onChange={(featherPx) => session.change({ featherPx })}
        />
      </div>
      <div className="row pair">
        <div className="label">Variants</div>
        <Segments
          label="Variants"
          look="segments"
          value={String(settings.count)}
          choices={counts}
          onChange={(count) => session.change({ count: Number(count) })}
        />
      </div>
    </div>
  );
}
