import type { Call } from '../../index.ts';
import { hangUp } from '../state/calls.ts';
import { Button } from '../widgets/button.tsx';

/** Microphone, camera and hanging up. What the call does not send cannot be muted. */
export function CallControls({ call }: { readonly call: Call }) {
  const { audio, video } = call.muted;
  const hasAudio = (call.localStream?.getAudioTracks().length ?? 0) > 0;
  const hasVideo = (call.localStream?.getVideoTracks().length ?? 0) > 0;
  return (
    <div class="call-buttons">
      <Button
        label={audio ? 'Switch microphone on' : 'Mute microphone'}
        icon={audio || !hasAudio ? 'micOff' : 'mic'}
        iconOnly
        pressed={audio}
        disabled={!hasAudio}
        testId="mute-audio"
        onClick={() => call.mute('audio', !audio)}
      />
      <Button
        label={video ? 'Switch camera on' : 'Switch camera off'}
        icon={video || !hasVideo ? 'videoOff' : 'video'}
        iconOnly
        pressed={video}
        disabled={!hasVideo}
        testId="mute-video"
        onClick={() => call.mute('video', !video)}
      />
      <Button label="Hang up" icon="close" look="danger" testId="hang-up" onClick={hangUp} />
    </div>
  );
}
