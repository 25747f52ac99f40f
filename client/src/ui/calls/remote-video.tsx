import { useEffect, useRef, useState } from 'preact/hooks';
import type { Call } from '../../index.ts';
import { displayName } from '../view/people.ts';
import { Avatar } from '../widgets/avatar.tsx';
import { Button } from '../widgets/button.tsx';

/** The other side: its picture, or its avatar while there is none. The element plays the sound in both cases. */
export function RemoteVideo({ call }: { readonly call: Call }) {
  const video = useRef<HTMLVideoElement>(null);
  const [hasFrames, setFrames] = useState(false);
  const [isBlocked, setBlocked] = useState(false);
  const stream = call.remoteStream;
  const name = displayName(call.peer);
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
  const hasPicture = hasFrames && !call.remoteMuted.video && (stream?.getVideoTracks().some(isLive) ?? false);
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
      {!hasPicture && call.state === 'established' && (
        <div class="call-face">
          <Avatar id={call.peer.id} name={name} big />
        </div>
      )}
      {isBlocked && (
        <div class="tap-to-hear">
          <Button label="Tap to hear" icon="play" look="accent" testId="tap-to-hear" onClick={play} />
        </div>
      )}
    </>
  );
}

function isLive(track: MediaStreamTrack): boolean {
  return track.readyState === 'live' && !track.muted;
}
