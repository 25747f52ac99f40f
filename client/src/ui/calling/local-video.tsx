import { useEffect, useRef } from 'preact/hooks';

/** What I send, mirrored as in a looking glass. Silent, or I would hear myself. */
export function LocalVideo({ stream, isOff }: { readonly stream: MediaStream | undefined; readonly isOff: boolean }) {
  const video = useRef<HTMLVideoElement>(null);
  const hasPicture = (stream?.getVideoTracks().length ?? 0) > 0 && !isOff;
  useEffect(() => {
    if (video.current && video.current.srcObject !== (stream ?? null)) video.current.srcObject = stream ?? null;
  }, [stream]);
  return (
    <video
      ref={video}
      class={hasPicture ? 'local-video' : 'local-video off'}
      data-testid="local-video"
      aria-label="What you send"
      autoPlay
      playsInline
      muted
    />
  );
}
