import { useState } from 'react';
import { Mode } from '../session/settings.ts';
import { LinkButton } from './controls/LinkButton.tsx';
import { Segments } from './controls/Segments.tsx';
import { TextArea } from './controls/TextArea.tsx';
import { useSession } from './useSession.ts';

const modes = [
  { value: 'fill', label: 'Fill' },
  { value: 'remove', label: 'Remove' },
  { value: 'restyle', label: 'Restyle' },
  { value: 'refine', label: 'Refine' },
];

/** What should be there: the mode row, the prompt and what to avoid. */
export function PromptSection() {
  const [{ settings }, session] = useSession();
  const [isOpen, setOpen] = useState(settings.negativePrompt !== '');
  const isRemove = settings.mode === 'remove';
  return (
    <div className="section">
      <Segments
        label="Mode"
        look="chips"
        value={settings.mode}
        choices={modes}
        onChange={(mode) => session.chooseMode(Mode.parse(mode))}
      />
      {isRemove ? (
        <div className="tiny dim">
          Takes away what is selected and fills it from its surroundings. No model is needed.
        </div>
      ) : (
        <>
          <TextArea
            label="Prompt"
            placeholder="What should be there?"
            value={settings.prompt}
            rows={3}
            onChange={(prompt) => session.change({ prompt })}
            onSubmit={session.generate}
          />
          <div className="row tiny under">
            <LinkButton onPress={() => setOpen(!isOpen)} isExpanded={isOpen}>
              {isOpen ? '− what to avoid' : '+ what to avoid'}
            </LinkButton>
          </div>
          {isOpen && (
            <TextArea
              label="What to avoid"
              placeholder="blurry, text, frame"
              value={settings.negativePrompt}
              rows={2}
              onChange={(negativePrompt) => session.change({ negativePrompt })}
              onSubmit={session.generate}
            />
          )}
        </>
      )}
    </div>
  );
}
