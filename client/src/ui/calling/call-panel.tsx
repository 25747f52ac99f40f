import { useEffect, useRef } from 'preact/hooks';
import type { Call } from '../../index.ts';
import { closeStage, hangUp, placeCall, stage, type Person, type Stage } from '../state/calls.ts';
import { second, useChanges } from '../state/ticker.ts';
import { formatTimer } from '../view/format.ts';
import { displayName } from '../view/people.ts';
import { callWord, endSentence, failWord, remoteMutedSentence } from '../view/call-words.ts';
import { Avatar } from '../widgets/avatar.tsx';
import { Button } from '../widgets/button.tsx';
import { focusPlace, useFocusHeir } from '../widgets/focus-heir.ts';
import { PathBadge } from '../widgets/path-badge.tsx';
import { CallControls } from './call-controls.tsx';
import { CallQuality } from './call-quality.tsx';
import { LocalVideo } from './local-video.tsx';
import { RemoteVideo } from './remote-video.tsx';

/** The call that is being placed, runs, or just ended. */
export function CallPanel() {
  return stage.value ? <Panel stage={stage.value} /> : null;
}

function Panel({ stage: now }: { readonly stage: Stage }) {
  const panel = useRef<HTMLElement>(null);
  const state = now.kind === 'call' ? now.call.state : now.kind === 'placing' ? 'trying' : 'ended';
  useFocusHeir(panel);
  useEffect(() => panel.current?.scrollIntoView({ block: 'nearest' }), []);
  useEffect(() => {
    // The button that was pressed is gone, or cannot be pressed now.
    const isLost = document.activeElement?.matches('body, :disabled') ?? true;
    if (isLost && panel.current) focusPlace(panel.current);
  }, [state]);
  return (
    <section ref={panel} class="call" data-testid="call-panel" data-state={state} aria-label="Call">
      {now.kind === 'call' ? <RunningCall key={now.call.id} stage={now} /> : <CallWithoutPeer stage={now} />}
    </section>
  );
}

function RunningCall({ stage: { call, media, startedAt } }: { readonly stage: Stage & { readonly kind: 'call' } }) {
  useChanges(call, ({ now }) => [
    call.on('state', now),
    call.on('path', now),
    call.on('stream', now),
    call.on('media', now),
  ]);
  void second.value;
  const name = displayName(call.peer);
  const isOver = call.state === 'ended';
  const word = callWord(call, performance.now() - startedAt);
  return (
    <>
      <div class="call-stage">
        {!isOver && (
          <RemoteVideo
            id={call.peer.id}
            name={name}
            stream={call.remoteStream}
            isSending={!call.remoteMuted.video && hasLivePicture(call.remoteStream)}
            isEstablished={call.state === 'established'}
          />
        )}
        {call.state === 'established' ? null : <Face id={call.peer.id} name={name} />}
        {!isOver && <LocalVideo stream={call.localStream} isOff={call.muted.video} />}
        <p class="call-muted">{call.state === 'established' ? remoteMutedSentence(call.remoteMuted) : undefined}</p>
      </div>
      <div class="call-bar">
        <div class="call-facts">
          <strong class="clip">{name}</strong>
          <span data-testid="call-state" role="status">
            {word}
          </span>
          <Clock call={call} />
          {!isOver && call.path && <PathBadge path={call.path} testId="call-path" />}
          {call.state === 'established' && <CallQuality call={call} />}
        </div>
        {isOver ? (
          <Afterwards person={{ who: call.peer.id, name }} again={() => ({ ...media, audio: true })} />
        ) : (
          <CallControls call={call} />
        )}
      </div>
      <Detail text={call.detail ?? (isOver ? endSentence(call.endReason, name) : undefined)} />
    </>
  );
}

/** A call that is being placed or never came to be. */
function CallWithoutPeer({ stage: now }: { readonly stage: Stage & { readonly kind: 'placing' | 'failed' } }) {
  const { person, media } = now;
  return (
    <>
      <div class="call-stage">
        <Face id={person.who} name={person.name} />
      </div>
      <div class="call-bar">
        <div class="call-facts">
          <strong class="clip">{person.name}</strong>
          <span data-testid="call-state" role="status">
            {now.kind === 'placing' ? 'Calling…' : failWord(now.code)}
          </span>
        </div>
        {now.kind === 'placing' ? (
          <div class="call-buttons">
            <Button label="Hang up" icon="close" look="danger" testId="hang-up" onClick={hangUp} />
          </div>
        ) : (
          <Afterwards person={person} again={() => media} />
        )}
      </div>
      <Detail text={now.kind === 'failed' ? now.message : undefined} />
    </>
  );
}

/** Some track of the stream is a picture that comes in now. Looked at each second: a track is muted without a word. */
function hasLivePicture(stream: MediaStream | undefined): boolean {
  return stream?.getVideoTracks().some((track) => track.readyState === 'live' && !track.muted) ?? false;
}

function Face({ id, name }: { readonly id: string; readonly name: string }) {
  return (
    <div class="call-face">
      <Avatar id={id} name={name} big />
    </div>
  );
}

function Clock({ call }: { readonly call: Call }) {
  if (call.state !== 'established' || call.establishedAt === undefined) return null;
  return (
    <span class="number" data-testid="call-timer" role="timer">
      {formatTimer(performance.now() - call.establishedAt)}
    </span>
  );
}

function Afterwards({ person, again }: { readonly person: Person; readonly again: () => Call['muted'] }) {
  return (
    <div class="call-buttons">
      <Button label="Call again" icon="phone" testId="call-again" onClick={() => void placeCall(person, again())} />
      <Button label="Close" testId="call-close" onClick={closeStage} />
    </div>
  );
}

function Detail({ text }: { readonly text: string | undefined }) {
  return text === undefined ? null : (
    <p class="call-detail" data-testid="call-detail">
      {text}
    </p>
  );
}
