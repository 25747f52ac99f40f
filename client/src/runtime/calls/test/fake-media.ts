import { afterAll, beforeAll, vi } from 'vitest';
import { MediaError, type MediaErrorCode, type MediaKinds, type MediaPort } from '../../../ports/media.ts';

/** The part of a `MediaStreamTrack` that calls touch. */
class FakeTrack {
  readonly kind: string;
  enabled = true;
  readyState: 'live' | 'ended' = 'live';
  onended: (() => void) | null = null;

  constructor(kind: string) {
    this.kind = kind;
  }

  stop(): void {
    this.readyState = 'ended';
  }
}

/** The part of a `MediaStream` that calls touch. Node has none. */
export class FakeStream {
  readonly #tracks = new Set<FakeTrack>();

  addTrack(track: FakeTrack): void {
    this.#tracks.add(track);
  }

  removeTrack(track: FakeTrack): void {
    this.#tracks.delete(track);
  }

  getTracks(): FakeTrack[] {
    return [...this.#tracks];
  }
}

/** A connection that is asked for an offer and never finds a path. What really happens is tested in a browser. */
class FakeConnection {
  signalingState = 'stable';
  connectionState = 'new';
  iceGatheringState = 'new';
  localDescription: { type: string; sdp: string } | null = null;
  onnegotiationneeded: (() => void) | null = null;
  onconnectionstatechange: (() => void) | null = null;
  /** Candidates of the other side. */
  readonly candidates: unknown[] = [];
  readonly #transceivers: unknown[] = [];
  readonly #stats = new Map<string, unknown>();
  #reports = 0;

  /** The other side reports one more round trip, and, with `arrivalMs`, a report of its own that took that long by both clocks. */
  measured(ms: number, arrivalMs?: number): void {
    const count = ++this.#reports;
    const trip = { roundTripTime: ms / 1000, roundTripTimeMeasurements: count };
    this.#stats.set('R', { type: 'remote-inbound-rtp', ...trip });
    if (arrivalMs === undefined) return;
    const sent = { remoteTimestamp: -arrivalMs, reportsSent: count };
    this.#stats.set('S', { type: 'remote-outbound-rtp', timestamp: 0, ...sent });
  }

  getStats(): Promise<Map<string, unknown>> {
    return Promise.resolve(this.#stats);
  }

  addTransceiver(kind: string): unknown {
    const sender = {
      track: null as unknown,
      replaceTrack(track: unknown) {
        this.track = track;
        return Promise.resolve();
      },
    };
    const transceiver = { sender, receiver: { track: new FakeTrack(kind) }, direction: 'sendrecv' };
    this.#transceivers.push(transceiver);
    if (this.#transceivers.length === 2) queueMicrotask(() => this.onnegotiationneeded?.());
    return transceiver;
  }

  getTransceivers(): unknown[] {
    return this.#transceivers;
  }

  setLocalDescription(): Promise<void> {
    const type = this.signalingState === 'have-remote-offer' ? 'answer' : 'offer';
    this.signalingState = type === 'offer' ? 'have-local-offer' : 'stable';
    this.localDescription = { type, sdp: `v=0 ${type}` };
    return Promise.resolve();
  }

  setRemoteDescription({ type }: { type: string }): Promise<void> {
    this.signalingState = type === 'offer' ? 'have-remote-offer' : 'stable';
    return Promise.resolve();
  }

  addIceCandidate(candidate: unknown): Promise<void> {
    this.candidates.push(candidate);
    return Promise.resolve();
  }

  getSenders(): unknown[] {
    return [];
  }

  /** Media goes a direct way from now on. */
  connected(): void {
    this.#stats.set('T', { type: 'transport', selectedCandidatePairId: 'P' });
    this.#stats.set('P', { type: 'candidate-pair', localCandidateId: 'L', remoteCandidateId: 'L' });
    this.#stats.set('L', { type: 'local-candidate', candidateType: 'host' });
    this.connectionState = 'connected';
    this.onconnectionstatechange?.();
  }

  close(): void {
    this.connectionState = 'closed';
  }
}

/** Microphones and cameras that say yes or no as they are told. */
export class FakeMedia implements MediaPort {
  /** Why `open` fails; undefined: it does not. */
  problem: MediaErrorCode | undefined;
  granted = false;
  /** What `open` waits for: a camera that takes its time. */
  readiness: Promise<void> | undefined;
  /** Tracks that were given out. */
  readonly tracks: FakeTrack[] = [];
  readonly connections: FakeConnection[] = [];

  async open(kinds: MediaKinds): Promise<MediaStreamTrack[]> {
    await this.readiness;
    if (this.problem && (kinds.audio || kinds.video)) throw new MediaError(this.problem, 'No camera.');
    const names = [kinds.audio && 'audio', kinds.video && 'video'].filter((name) => name !== false);
    const opened = names.map((name) => new FakeTrack(name));
    this.tracks.push(...opened);
    return opened as unknown as MediaStreamTrack[];
  }

  isGranted(): Promise<boolean> {
    return Promise.resolve(this.granted);
  }

  connect(): RTCPeerConnection {
    const connection = new FakeConnection();
    this.connections.push(connection);
    return connection as unknown as RTCPeerConnection;
  }
}

/** Gives the tests of a file the globals of a browser that calls touch, and takes them back after the last. */
export function useFakeMedia(): void {
  beforeAll(() => {
    vi.stubGlobal('MediaStream', FakeStream);
    vi.stubGlobal('RTCRtpReceiver', { getCapabilities: () => null });
  });
  afterAll(() => {
    vi.unstubAllGlobals();
  });
}
