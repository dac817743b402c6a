import { useRef, useState } from 'react';
import { expandsByPatches } from '../session/expansion.ts';
import { activeModel } from '../session/select.ts';
import { Mode } from '../session/settings.ts';
import { LinkButton } from './controls/LinkButton.tsx';
import { Segments } from './controls/Segments.tsx';
import { LoraWeights } from './LoraWeights.tsx';
import { PromptField } from './PromptField.tsx';
import { StylePicker } from './StylePicker.tsx';
import { useSession } from './useSession.ts';

const modes = [
  { value: 'fill', label: 'Fill' },
  { value: 'remove', label: 'Remove' },
  { value: 'restyle', label: 'Restyle' },
  { value: 'refine', label: 'Refine' },
  { value: 'expand', label: 'Expand' },
];

/** What should be there: the mode row, the prompt and what to avoid. */
export function PromptSection() {
  const [state, session] = useSession();
  const { settings } = state;
  return (
    <div className="section">
      <Segments
        label="Mode"
        look="chips"
        value={settings.mode}
        choices={modes}
        onChange={(mode) => session.chooseMode(Mode.parse(mode))}
      />
      {settings.mode === 'remove' ? (
        <div className="tiny dim">
          Takes away what is selected and fills it from its surroundings. No model is needed.
        </div>
      ) : expandsByPatches(settings, activeModel(state)) ? (
        <div className="tiny dim">
          The picture goes on past its edges with patches of its own. No model is needed.
        </div>
      ) : (
        <>
          <Prompt />
          <Avoid />
        </>
      )}
    </div>
  );
}

function Prompt() {
  const [{ settings, tokens }, session] = useSession();
  const [isStyling, setStyling] = useState(false);
  const link = useRef<HTMLElement>(null);
  const close = () => {
    setStyling(false);
    link.current?.focus();
  };
  return (
    <>
      <PromptField
        label="Prompt"
        placeholder="What should be there?"
        rows={3}
        value={settings.prompt}
        count={tokens?.prompt}
        kinds={['lora', 'embedding']}
        links={
          <>
            <LinkButton
              elementRef={link}
              onPress={() => setStyling(!isStyling)}
              isExpanded={isStyling}
            >
              styles
            </LinkButton>
            <LinkButton label="Read the recipe of a picture" onPress={session.pickRecipe}>
              from a picture
            </LinkButton>
          </>
        }
        onChange={(prompt) => session.change({ prompt })}
      />
      <LoraWeights />
      {isStyling && <StylePicker onClose={close} />}
    </>
  );
}

function Avoid() {
  const [{ settings, tokens }, session] = useSession();
  const { negativePrompt } = settings;
  const [isOpen, setOpen] = useState(negativePrompt !== '');
  const content = isOpen || negativePrompt === '' ? '' : `: ${negativePrompt}`;
  return (
    <>
      <div className="tiny under cut">
        <LinkButton onPress={() => setOpen(!isOpen)} isExpanded={isOpen}>
          {`${isOpen ? '−' : '+'} what to avoid${content}`}
        </LinkButton>
      </div>
      {isOpen && (
        <PromptField
          label="What to avoid"
          placeholder="blurry, text, frame"
          rows={2}
          value={negativePrompt}
          count={tokens?.negativePrompt}
          kinds={['embedding']}
          onChange={(avoid) => session.change({ negativePrompt: avoid })}
        />
      )}
    </>
  );
}
