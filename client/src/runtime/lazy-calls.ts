import type { Contact } from '../../../shared/src/ids.ts';
import { type Call, type CallOptions, SkeinError } from '../api.ts';
import type { CallService } from './calls/call-service.ts';
import type { CallHost } from './calls/host.ts';
import type { MediaPort } from '../ports/media.ts';
import { Gate } from './gate.ts';
import { leftError } from './left-error.ts';

/** Code that did not come is asked for again after this long. [ms] */
const RETRY_MS = 2_000;

/** Letters kept while the code for calls is on its way; later ones are sent again by their timers. [letters] */
const MAX_EARLY_LETTERS = 32;

/** What `import` gives for the code of calls. */
type CallCode = typeof import('./calls/call-service.ts');

/** What calls need of the node, but for what is fetched with them. */
export interface LazyCallHost extends Omit<CallHost, 'media'> {
  readonly loadMedia: () => Promise<MediaPort>;
}

function fetchCalls(): Promise<CallCode> {
  return import('./calls/call-service.ts');
}

/**
 * Calls, whose code is fetched right after joining instead of before it: the page is there sooner, and the code is
 * here before the server may go.
 */
export class LazyCalls {
  readonly #host: LazyCallHost;
  readonly #fetch: () => Promise<CallCode>;
  /** BOUNDED: by MAX_EARLY_LETTERS. */
  readonly #early: { readonly from: Contact; readonly payload: Uint8Array }[] = [];
  #loading: Promise<CallService> | undefined;
  #service: CallService | undefined;
  #cancelRetry: (() => void) | undefined;
  #isClosed = false;
  /** Who waits for the code is not left waiting. */
  readonly #closing = new Gate();

  /** `fetch` gives the code. */
  constructor(host: LazyCallHost, fetch = fetchCalls) {
    this.#host = host;
    this.#fetch = fetch;
  }

  get calls(): readonly Call[] {
    return this.#service?.calls ?? [];
  }

  /** The overlay is joined: this peer can be found under its address from now on, or from when the code is here. */
  joined(): void {
    void this.#load().then(
      (service) => service.joined(),
      (error: unknown) => this.#joinLater(error),
    );
  }

  #joinLater(error: unknown): void {
    if (this.#isClosed) return;
    const { clock, log } = this.#host;
    log.log('warn', 'calls are not available', { error: String(error) });
    this.#cancelRetry?.();
    this.#cancelRetry = clock.setTimer(clock.now() + RETRY_MS, () => this.joined());
  }

  renamed(): void {
    this.#service?.renamed();
  }

  receive(from: Contact, payload: Uint8Array): void {
    if (this.#service) {
      this.#service.receive(from, payload);
      return;
    }
    if (this.#early.length < MAX_EARLY_LETTERS) this.#early.push({ from, payload });
    this.#load().catch(() => undefined);
  }

  async call(who: string, options: CallOptions): Promise<Call> {
    return (await unlessAborted(this.#load(), options.signal)).call(who, options);
  }

  /** Hangs up. Undefined when nobody need be told; else it resolves when they were, or do not hear it in time. */
  close(): Promise<void> | undefined {
    this.#closing.open();
    this.#isClosed = true;
    this.#cancelRetry?.();
    return this.#service?.close();
  }

  async #load(): Promise<CallService> {
    this.#loading ??= this.#begin();
    try {
      return await this.#loading;
    } catch (cause) {
      this.#loading = undefined;
      if (cause instanceof SkeinError) throw cause;
      const message =
        'The code for calls could not be fetched, the server may be gone. Files still work; call again later.';
      throw new SkeinError('internal', message, { cause });
    }
  }

  async #begin(): Promise<CallService> {
    const fetching = Promise.all([this.#fetch(), this.#host.loadMedia()]);
    const fetched = await Promise.race([fetching, this.#closing.opened]);
    if (!fetched || this.#isClosed) throw leftError();
    const [{ CallService: Service }, media] = fetched;
    const service = new Service({ ...this.#host, media });
    this.#service = service;
    for (const { from, payload } of this.#early.splice(0)) service.receive(from, payload);
    return service;
  }
}

/** What comes of `work`, but for a call that is given up before: code may take long to come, or never do. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new SkeinError('aborted', 'The operation was cancelled.'));
    if (signal?.aborted) giveUp();
    signal?.addEventListener('abort', giveUp);
    void work.then(resolve, reject).finally(() => signal?.removeEventListener('abort', giveUp));
  });
}
