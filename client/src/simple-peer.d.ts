/**
 * The part of simple-peer 9.11.1 that the link adapter uses. The minified bundle is imported because it alone needs no
 * polyfills; `@types/simple-peer` is not used because it drags Node's globals into the browser project.
 */
declare module 'simple-peer/simplepeer.min.js' {
  export interface SimplePeerOptions {
    readonly initiator: boolean;
    readonly trickle: boolean;
    readonly config: RTCConfiguration;
    readonly channelName: string;
    readonly channelConfig: RTCDataChannelInit;
    /** One `data` event per message. */
    readonly objectMode: true;
  }

  /** Errors carry a code such as `ERR_ICE_CONNECTION_FAILURE`. */
  export interface SimplePeerError extends Error {
    readonly code?: string;
  }

  export interface SimplePeerEvents {
    signal: [data: { readonly type: string; readonly sdp?: string }];
    data: [data: Uint8Array | string];
    iceStateChange: [connection: RTCIceConnectionState, gathering: RTCIceGatheringState];
    /** The last candidate is known. */
    _iceComplete: [];
    error: [error: SimplePeerError];
    close: [];
  }

  export default class SimplePeer {
    static readonly WEBRTC_SUPPORT: boolean;
    constructor(options: SimplePeerOptions);
    readonly destroyed: boolean;
    readonly destroying: boolean;
    /** Null once destroyed. */
    readonly _pc: RTCPeerConnection | null;
    /** Null once destroyed. */
    readonly _channel: RTCDataChannel | null;
    on<E extends keyof SimplePeerEvents>(event: E, listener: (...values: SimplePeerEvents[E]) => void): this;
    signal(data: RTCSessionDescriptionInit): void;
    send(data: Uint8Array): void;
    destroy(error?: Error): void;
  }
}
