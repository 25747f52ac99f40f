import type { Download, Share } from '../../index.ts';
import { dependentPeers, neededSentence } from '../view/needed.ts';
import { bannedSentence, troubleAction } from '../view/transfer-words.ts';
import { Button } from '../widgets/button.tsx';
import { Icon } from '../widgets/icon.tsx';

/** Why a download cannot go on, with the one thing to do about it, and who was dropped. */
export function Trouble({ download }: { readonly download: Download }) {
  const banned = bannedSentence(download.progress.banned);
  return (
    <>
      {download.error && (
        <div class="row-extra problem bad" role="alert" data-testid="row-error" data-code={download.error.code}>
          <Icon name="alert" />
          <p>{download.error.message}</p>
          {troubleAction(download.error.code) === 'reload' ? (
            <Button label="Reload the page" testId="trouble-action" onClick={() => location.reload()} />
          ) : (
            <Button label="Try again" testId="trouble-action" onClick={() => download.resume()} />
          )}
        </div>
      )}
      {banned !== undefined && (
        <p class="row-extra problem" data-testid="row-banned">
          <Icon name="alert" />
          {banned}
        </p>
      )}
    </>
  );
}

/** Says so when peers depend on what is all here. */
export function Needed({ item }: { readonly item: Share | Download }) {
  const isGiven = item.progress.leftBytes === 0 && !item.isPaused;
  const sentence = isGiven ? neededSentence(dependentPeers(item.peers())) : undefined;
  return <span data-testid="row-needed">{sentence}</span>;
}
