import { useRef } from 'preact/hooks';
import type { Download, Share, SkeinError, SkeinErrorCode } from '../../index.ts';
import { openLink } from '../state/transfers.ts';
import { dependentPeers, neededSentence } from '../view/needed.ts';
import { plainText } from '../../../../shared/src/plain-text.ts';
import { bannedSentence, troubleAction } from '../view/transfer-words.ts';
import { Button } from '../widgets/button.tsx';
import { useFocusHeir } from '../widgets/focus-heir.ts';
import { Icon } from '../widgets/icon.tsx';

/** Why a share or download cannot go on, with the one thing to do about it, and who was dropped. */
export function Trouble({ item }: { readonly item: Share | Download }) {
  const banned = bannedSentence(item.progress.banned);
  return (
    <>
      {item.error && <RowError item={item} error={item.error} />}
      {banned !== undefined && (
        <p class="row-extra problem" data-testid="row-banned">
          <Icon name="alert" />
          {banned}
        </p>
      )}
    </>
  );
}

function RowError({ item, error }: { readonly item: Share | Download; readonly error: SkeinError }) {
  const place = useRef<HTMLDivElement>(null);
  useFocusHeir(place);
  return (
    <div ref={place} class="row-extra problem bad" role="alert" data-testid="row-error" data-code={error.code}>
      <Icon name="alert" />
      <p>{plainText(error.message)}</p>
      <TroubleButton item={item} code={error.code} />
    </div>
  );
}

function TroubleButton({ item, code }: { readonly item: Share | Download; readonly code: SkeinErrorCode }) {
  const action = troubleAction(code);
  if (!action) return null;
  const act = (): void => {
    if (action === 'reload') location.reload();
    else if (action === 'open') openLink(item.magnet);
    else item.resume();
  };
  const label = action === 'reload' ? 'Reload the page' : 'Try again';
  return <Button label={label} testId="trouble-action" onClick={act} />;
}

/** Says so when peers depend on what is all here. */
export function Needed({ item }: { readonly item: Share | Download }) {
  const { leftBytes, webSeeds } = item.progress;
  const isGiven = leftBytes === 0 && !item.isPaused;
  const sentence = isGiven ? neededSentence(dependentPeers(item.peers(), webSeeds)) : undefined;
  return <span data-testid="row-needed">{sentence}</span>;
}
