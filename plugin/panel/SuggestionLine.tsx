import { useState } from 'react';
import { activeModel } from '../session/select.ts';
import { scheduleWords } from '../session/settingWords.ts';
import { settingsOffer, type SettingsOffer } from '../session/suggestion.ts';
import type { SessionState } from '../session/state.ts';
import { Button } from './controls/Button.tsx';
import { LinkButton } from './controls/LinkButton.tsx';
import { useSession } from './useSession.ts';

/** One line when the model was made for other settings than those that are set. */
export function SuggestionLine() {
  const [state, { change }] = useSession();
  const [declined, setDeclined] = useState('');
  const offer = settingsOffer(state);
  if (!offer || declined === keyOf(offer)) return null;
  return (
    <div className="section suggestion">
      <div className="tiny">{offerWords(state, offer)}</div>
      <div className="row suggestion-answer">
        <Button kind="small" onPress={() => change(offer.change)}>
          Use
        </Button>
        <div className="tiny">
          <LinkButton onPress={() => setDeclined(keyOf(offer))}>keep mine</LinkButton>
        </div>
      </div>
    </div>
  );
}

function keyOf({ kind, modelId }: SettingsOffer): string {
  return `${kind} ${modelId}`;
}

function offerWords(state: SessionState, { kind, change }: SettingsOffer): string {
  const { sampler, schedule, steps, cfgScale } = change;
  const settings = `${steps} steps, CFG ${cfgScale}, ${sampler} ${scheduleWords(schedule)}`;
  return kind === 'few-steps'
    ? `This is a few-step model: use ${settings}?`
    : `${activeModel(state)?.name ?? 'This model'} needs more steps: go back to ${settings}?`;
}
