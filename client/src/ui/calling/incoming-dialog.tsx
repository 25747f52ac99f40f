import { useSignalEffect } from '@preact/signals';
import { answerCall, answering, declineCall, ignoreCall, isCalling, mediaProblem, ringing } from '../state/calls.ts';
import type { IncomingCall } from '../../index.ts';
import { displayName } from '../view/people.ts';
import { offerSentence } from '../view/call-words.ts';
import { Avatar } from '../widgets/avatar.tsx';
import { Button } from '../widgets/button.tsx';
import { Dialog } from '../widgets/dialog.tsx';
import { startRinging } from './ringtone.ts';

/** The oldest call that rings here. It steps aside while the media dialog asks how to answer it. */
export function IncomingDialog() {
  useSignalEffect(() => {
    if (ringing.value.length > 0) return startRinging();
    return undefined;
  });
  const call = ringing.value[0];
  if (!call || mediaProblem.value?.call === call) return null;
  return <Incoming key={call.id} call={call} />;
}

function Incoming({ call }: { readonly call: IncomingCall }) {
  const name = displayName(call.peer);
  const isAnswering = answering.value === call;
  const answer = (video: boolean): void => void answerCall(call, { audio: true, video });
  return (
    <Dialog title="Incoming call" testId="incoming-dialog" closable={false} onDismiss={() => ignoreCall(call)}>
      <div class="incoming">
        <Avatar id={call.peer.id} name={name} big />
        <p class="incoming-name" data-testid="incoming-name">
          {name}
        </p>
        <p>{isAnswering ? 'Opening camera and microphone…' : offerSentence(call.offered)}</p>
        {isCalling() && <p class="hint">Answering ends your present call.</p>}
        <div class="incoming-buttons">
          <Button
            label="Answer with video"
            icon="video"
            look="good"
            testId="answer-video"
            disabled={isAnswering}
            onClick={() => answer(true)}
          />
          <Button
            label="Answer with audio"
            icon="phone"
            look="good"
            testId="answer-audio"
            disabled={isAnswering}
            onClick={() => answer(false)}
          />
          <Button
            label="Decline"
            icon="close"
            look="danger"
            testId="decline-button"
            onClick={() => declineCall(call)}
          />
          <Button label="Ignore" look="quiet" testId="ignore-button" onClick={() => ignoreCall(call)} />
        </div>
      </div>
    </Dialog>
  );
}
