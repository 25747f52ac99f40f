import type { StrangerConnection, StrangerHandler, StrangerIce } from '../../ports/strangers.ts';
import { browserClock } from './clock.ts';
import { Gathering } from './gathering.ts';
import { findSdpFault } from './sdp.ts';

/** A WebRTC connection to a peer of a foreign swarm. Its channel is opened in-band by who offers (RFC 8832). */
export class StrangerLink implements StrangerConnection {
  readonly #handler: StrangerHandler;
  readonly #connection: RTCPeerConnection;
  readonly #gathering: Gathering;
  #describe: (sdp: string) => void = () => undefined;
  #isOver = false;
  #isConnected = false;

  constructor({ iceServers, relayOnly }: StrangerIce, handler: StrangerHandler) {
    this.#handler = handler;
    const connection = new RTCPeerConnection({
      iceServers: [...iceServers],
      iceTransportPolicy: relayOnly ? 'relay' : 'all',
    });
    this.#connection = connection;
    const read = (): string => connection.localDescription?.sdp ?? '';
    this.#gathering = new Gathering(browserClock, { iceServers, relayOnly }, read, () => this.#describe(read()));
    connection.onicecandidate = ({ candidate }) => {
      if (candidate) this.#gathering.candidate();
      else this.#gathering.complete();
    };
    connection.onconnectionstatechange = () => this.#onState(connection.connectionState);
  }

  async offer(): Promise<string> {
    this.#handler.channel(this.#connection.createDataChannel('swarm'));
    return await this.#described();
  }

  accept(sdp: string): void {
    if (findSdpFault(sdp) !== undefined) this.#fail();
    else this.#connection.setRemoteDescription({ type: 'answer', sdp }).catch(() => this.#fail());
  }

  async answer(sdp: string): Promise<string> {
    const fault = findSdpFault(sdp);
    if (fault !== undefined) throw new Error(fault);
    this.#connection.ondatachannel = ({ channel }) => {
      this.#connection.ondatachannel = ({ channel: further }) => further.close();
      this.#handler.channel(channel);
    };
    await this.#connection.setRemoteDescription({ type: 'offer', sdp });
    return await this.#described();
  }

  close(): void {
    this.#isOver = true;
    this.#gathering.stop();
    this.#connection.onconnectionstatechange = this.#connection.onicecandidate = null;
    this.#connection.close();
  }

  async #described(): Promise<string> {
    const described = new Promise<string>((resolve) => {
      this.#describe = (sdp) => resolve(withoutTrickle(sdp));
    });
    await this.#connection.setLocalDescription();
    this.#gathering.begin();
    return await described;
  }

  #onState(state: RTCPeerConnectionState): void {
    if (state === 'connected' && !this.#isConnected) {
      this.#isConnected = true;
      this.#handler.connected();
    } else if (state === 'failed' || state === 'closed') this.#fail();
  }

  #fail(): void {
    if (this.#isOver) return;
    this.close();
    this.#handler.closed();
  }
}

/** No candidate follows, and the other side is not to wait for any. */
function withoutTrickle(sdp: string): string {
  return sdp.replace(/^a=ice-options:trickle\s*\n/gm, '');
}
