import { loraTags, loraWeightRange, withLoraWeight, withoutLora } from '../session/loraTags.ts';
import { LinkButton } from './controls/LinkButton.tsx';
import { NumberField } from './controls/NumberField.tsx';
import { useSession } from './useSession.ts';

/** The LoRAs that the prompt names, each with its weight; nothing without any. */
export function LoraWeights() {
  const [{ settings }, { change }] = useSession();
  const { prompt } = settings;
  const tags = loraTags(prompt);
  if (tags.length === 0) return null;
  return (
    <div className="lora-weights" role="group" aria-label="LoRAs of the prompt">
      {tags.map((tag) => (
        <div key={tag.start} className="row under tiny wrap">
          <div className="grow cut" title={tag.name}>
            {tag.name}
          </div>
          <NumberField
            label={`Weight of ${tag.name}`}
            value={tag.weight}
            range={loraWeightRange}
            digits={2}
            onChange={(weight) => change({ prompt: withLoraWeight(prompt, tag, weight) })}
          />
          <div className="beside">
            <LinkButton
              label={`Remove ${tag.name}`}
              onPress={() => change({ prompt: withoutLora(prompt, tag) })}
            >
              ✕
            </LinkButton>
          </div>
        </div>
      ))}
    </div>
  );
}
