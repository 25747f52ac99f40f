import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Download, Share, ShareFile } from '../../index.ts';
import { stopPlaying } from '../state/playing.ts';
import { errorText } from '../view/errors.ts';
import { plainText } from '../../../../shared/src/plain-text.ts';
import { playerProblem, waitingSentence } from '../view/play-words.ts';
import { Button } from '../widgets/button.tsx';
import { useFocusHeir } from '../widgets/focus-heir.ts';

interface PlayerProps {
  readonly item: Share | Download;
  readonly file: ShareFile;
}

/** Plays a file inside of its row, also while it comes. */
export function Player({ item, file }: PlayerProps) {
  const [url, setUrl] = useState<string | undefined>();
  const [problem, setProblem] = useState<string | undefined>();
  const [isWaiting, setWaiting] = useState(true);
  const place = useRef<HTMLElement>(null);
  const media = useRef<HTMLVideoElement>(null);
  useFocusHeir(place);
  useEffect(() => {
    let isOver = false;
    setUrl(undefined);
    setProblem(undefined);
    file.mediaUrl().then(
      (found) => isOver || setUrl(found),
      (error: unknown) => isOver || setProblem(errorText(error)),
    );
    return () => {
      isOver = true;
    };
  }, [file]);
  useEffect(() => {
    const element = media.current;
    element?.focus();
    // Begins with the first pictures; by itself it would wait until it seems that it need not stop again. A browser that
    // wants another click for it gets it from its own controls.
    element?.play().catch(() => undefined);
    // An element that is taken out of the page may go on to play, and to read.
    return () => {
      element?.removeAttribute('src');
      element?.load();
    };
  }, [url]);
  const path = plainText(file.path);
  const waiting = waitingSentence(isWaiting, item.isPaused, file.doneBytes >= file.size);
  const attributes = {
    ref: media,
    src: url,
    controls: true,
    'aria-label': path,
    'data-testid': 'player-media',
    onWaiting: () => setWaiting(true),
    onPlaying: () => setWaiting(false),
    onCanPlay: () => setWaiting(false),
    onError: () => setProblem(playerProblem(media.current?.error?.code)),
  };
  return (
    <section ref={place} class="player" aria-label={`Player: ${path}`} data-testid="player">
      <header>
        <span class="clip" title={path}>
          {path}
        </span>
        <Button
          label="Close the player"
          icon="close"
          iconOnly
          look="quiet"
          testId="player-close"
          onClick={stopPlaying}
        />
      </header>
      {url !== undefined && problem === undefined && (
        <Medium element={media}>
          {file.mediaType?.startsWith('video/') ? <video playsInline {...attributes} /> : <audio {...attributes} />}
        </Medium>
      )}
      {problem !== undefined && (
        <p class="field-problem" role="alert">
          {problem}
        </p>
      )}
      <p class="hint" role="status" data-testid="player-status">
        {problem === undefined ? waiting : ''}
      </p>
    </section>
  );
}

interface MediumProps {
  readonly element: RefObject<HTMLVideoElement | null>;
  readonly children: ComponentChildren;
}

/** Had the focus since playing began, and hands it on: one that the browser cannot play goes away. */
function Medium({ element, children }: MediumProps) {
  useFocusHeir(element);
  return <>{children}</>;
}
