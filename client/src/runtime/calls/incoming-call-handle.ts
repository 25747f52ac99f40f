import { type CallMedia, type IncomingCall, SkeinError } from '../../api.ts';
import { CallHandle, type CallHandleOptions } from './call-handle.ts';

/** A call that rings here. */
export class IncomingCallHandle extends CallHandle implements IncomingCall {
  readonly offered: CallMedia;
  #isAnswering = false;

  constructor(options: CallHandleOptions, offered: CallMedia) {
    super(options, 'incoming');
    this.offered = offered;
    this.setRemoteMedia(offered);
  }

  /** Negotiates while the camera opens where no person will be asked; else after, so that a refusal costs nothing. */
  async answer(media: CallMedia): Promise<void> {
    if (this.state === 'ended') throw new SkeinError('call-ended', 'The call has ended already.');
    if (this.#isAnswering || this.state !== 'ringing') {
      throw new SkeinError('bad-argument', 'This call has been answered already.');
    }
    this.#isAnswering = true;
    try {
      if (await this.options.host.media.isGranted(media)) this.session.open();
      await this.openLocal(media);
    } catch (error) {
      this.#isAnswering = false;
      throw error;
    }
    this.session.open();
    this.session.begin();
    this.command({ kind: 'accept', callId: this.id, media });
  }

  reject(reason: 'busy' | 'decline'): void {
    if (this.state !== 'ringing') return;
    this.claimEnd();
    this.command({ kind: 'reject', callId: this.id, code: reason === 'busy' ? 486 : 603 });
  }

  ignore(): void {
    if (this.state !== 'ringing') return;
    this.claimEnd();
    this.command({ kind: 'ignore', callId: this.id });
  }
}
