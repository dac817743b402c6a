/** The panel: the same in Photoshop and in the workbench. */
import { FlavourContext } from './controls/flavour.ts';
import { CommandButton } from './CommandButton.tsx';
import { ExpandSection } from './ExpandSection.tsx';
import { LayerRecipe } from './LayerRecipe.tsx';
import { MaskPreview } from './MaskPreview.tsx';
import { MaskRow } from './MaskRow.tsx';
import { More } from './More.tsx';
import { Notices } from './Notices.tsx';
import { PlanView } from './PlanView.tsx';
import { PromptSection } from './PromptSection.tsx';
import { RecipeSection } from './RecipeSection.tsx';
import { Results } from './Results.tsx';
import { ServiceLine } from './ServiceLine.tsx';
import { StrengthRow } from './StrengthRow.tsx';
import { SuggestionLine } from './SuggestionLine.tsx';
import { Waiting } from './Waiting.tsx';
import { Working } from './Working.tsx';
import { SessionContext } from './useSession.ts';
import type { Session } from '../session/session.ts';

export interface PanelProps {
  readonly session: Session;
}

/** Draws the session's state; needs panel.css beside it. */
export function Panel({ session }: PanelProps) {
  return (
    <FlavourContext value={session.hostKind === 'photoshop' ? 'native' : 'web'}>
      <SessionContext value={session}>
        <div className="pentimento">
          <ServiceLine />
          <SuggestionLine />
          <Notices />
          <Working />
          <Waiting />
          <RecipeSection />
          <PromptSection />
          <ExpandSection />
          <PlanView />
          <MaskPreview />
          <StrengthRow />
          <MaskRow />
          <More />
          <CommandButton />
          <LayerRecipe />
          <Results />
        </div>
      </SessionContext>
    </FlavourContext>
  );
}
