import { useEffect, useRef, useState } from 'preact/hooks';
import type { Download, Share, ShareFile } from '../../index.ts';
import { stopPlaying } from '../state/playing.ts';
import { errorText } from '../view/errors.ts';
import { plainText } from '../../../../shared/src/plain-text.ts';
import { playerProblem, waitingSentence } from '../view/play-words.ts';
import { Button } from '../widgets/button.tsx';

interface PlayerProps {
  readonly item: Share | Download;
  readonly file: ShareFile;
}

/** Plays a file inside of its row, also while it comes. */
export function Player({ item, file }: PlayerProps) {
  const [url, setUrl] = useState<string | undefined>();
  const [problem, setProblem] = useState<string | undefined>();
  const [isWaiting, setWaiting] = useState(true);
  const media = useRef<HTMLVideoElement>(null);
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
    <section class="player" aria-label={`Player: ${path}`} data-testid="player">
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
      {url !== undefined &&
        problem === undefined &&
        (file.mediaType?.startsWith('video/') ? <video playsInline {...attributes} /> : <audio {...attributes} />)}
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
