import { useEffect, useRef, useState } from 'preact/hooks';
import { Avatar } from '../widgets/avatar.tsx';
import { Button } from '../widgets/button.tsx';
import { useFocusHeir } from '../widgets/focus-heir.ts';

interface RemoteVideoProps {
  readonly id: string;
  readonly name: string;
  readonly stream: MediaStream | undefined;
  /** The other side sends a picture now. */
  readonly isSending: boolean;
  readonly isEstablished: boolean;
}

/** The other side: its picture, or its avatar while there is none. The element plays the sound in both cases. */
export function RemoteVideo({ id, name, stream, isSending, isEstablished }: RemoteVideoProps) {
  const video = useRef<HTMLVideoElement>(null);
  const [hasFrames, setFrames] = useState(false);
  const [isBlocked, setBlocked] = useState(false);
  const play = (): void => {
    video.current?.play().then(
      () => setBlocked(false),
      (error: unknown) => setBlocked(error instanceof DOMException && error.name === 'NotAllowedError'),
    );
  };
  useEffect(() => {
    if (!video.current || !stream) return;
    if (video.current.srcObject !== stream) video.current.srcObject = stream;
    play();
  }, [stream]);
  const hasPicture = hasFrames && isSending;
  const look = (): void => setFrames((video.current?.videoWidth ?? 0) > 0);
  return (
    <>
      <video
        ref={video}
        class={hasPicture ? 'remote-video' : 'remote-video off'}
        data-testid="remote-video"
        aria-label={`Picture of ${name}`}
        autoPlay
        playsInline
        onResize={look}
        onLoadedMetadata={look}
        onPlaying={look}
      />
      {!hasPicture && isEstablished && (
        <div class="call-face">
          <Avatar id={id} name={name} big />
        </div>
      )}
      {isBlocked && <TapToHear play={play} />}
    </>
  );
}

function TapToHear({ play }: { readonly play: () => void }) {
  const place = useRef<HTMLDivElement>(null);
  useFocusHeir(place);
  return (
    <div ref={place} class="tap-to-hear">
      <Button label="Tap to hear" icon="play" look="accent" testId="tap-to-hear" onClick={play} />
    </div>
  );
}
