/** What one end knows of the other. */
interface Far {
  receive(data: ArrayBuffer): void;
  end(): void;
}

/** The part of an RTCDataChannel that engines use, delivering to its twin through `deliver`. For tests. */
export class MemoryChannel extends EventTarget {
  readonly id: number;
  readonly label: string;
  readonly negotiated = true;
  readonly ordered = true;
  binaryType: BinaryType = 'arraybuffer';
  bufferedAmountLowThreshold = 0;
  bufferedAmount = 0;
  readyState: RTCDataChannelState = 'connecting';
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: Event) => void) | null = null;
  onbufferedamountlow: ((event: Event) => void) | null = null;
  readonly #deliver: (act: () => void) => void;
  #far: Far | undefined;

  constructor(id: number, label: string, deliver: (act: () => void) => void) {
    super();
    this.id = id;
    this.label = label;
    this.#deliver = deliver;
  }

  /** Joins two ends that were opened under the same id. */
  static join(a: MemoryChannel, b: MemoryChannel): void {
    a.#open(b);
    b.#open(a);
  }

  send(data: ArrayBuffer | ArrayBufferView): void {
    if (this.readyState !== 'open') throw new DOMException('the channel is not open', 'InvalidStateError');
    const view = ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      : new Uint8Array(data);
    const copy = new Uint8Array(view).buffer;
    this.bufferedAmount += copy.byteLength;
    this.#deliver(() => {
      this.bufferedAmount -= copy.byteLength;
      this.#far?.receive(copy);
      if (this.bufferedAmount <= this.bufferedAmountLowThreshold) this.#fire(new Event('bufferedamountlow'));
    });
  }

  close(): void {
    if (this.readyState === 'closed') return;
    const far = this.#far;
    this.end();
    this.#deliver(() => far?.end());
  }

  /** The other end, or the connection, is gone. */
  end(): void {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    this.#far = undefined;
    this.#fire(new Event('close'));
  }

  #open(far: MemoryChannel): void {
    this.#far = { receive: (data) => far.#receive(data), end: () => far.end() };
    this.#deliver(() => {
      if (this.readyState !== 'connecting') return;
      this.readyState = 'open';
      this.#fire(new Event('open'));
    });
  }

  #receive(data: ArrayBuffer): void {
    if (this.readyState === 'open') this.#fire(new MessageEvent('message', { data }));
  }

  #fire(event: Event): void {
    this.dispatchEvent(event);
    if (event.type === 'open') this.onopen?.(event);
    else if (event.type === 'close') this.onclose?.(event);
    else if (event.type === 'bufferedamountlow') this.onbufferedamountlow?.(event);
    else if (event instanceof MessageEvent) this.onmessage?.(event);
  }
}
