import { recipeLine } from '../session/select.ts';
import { Button } from './controls/Button.tsx';
import { LinkButton } from './controls/LinkButton.tsx';
import { useSession } from './useSession.ts';

/** The active layer is one of ours: how it was made, and again. */
export function LayerRecipe() {
  const [{ host }, session] = useSession();
  const recipe = host.layerRecipe;
  if (!recipe) return null;
  return (
    <div className="section">
      <div className="row heading">
        <div className="grow">This layer’s recipe</div>
        <Button kind="small" onPress={() => session.reuse(recipe, 'same')}>
          Use again
        </Button>
      </div>
      <div className="tiny dim">{recipeLine(recipe)}</div>
      <div className="tiny under">
        <LinkButton onPress={session.readLayerRecipe}>choose what of it to use</LinkButton>
      </div>
    </div>
  );
}
