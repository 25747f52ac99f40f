import type { Contact, NodeId } from '../../../shared/src/ids.ts';
import { type Call, type CallMedia, SkeinError } from '../api.ts';
import type { CallService } from './calls/call-service.ts';
import type { CallHost } from './calls/host.ts';
import type { MediaPort } from '../ports/media.ts';
import { leftError } from './left-error.ts';

/** Letters kept while the code for calls is on its way; later ones are sent again by their timers. [letters] */
const MAX_EARLY_LETTERS = 32;

/** What calls need of the node, but for what is fetched with them. */
export interface LazyCallHost extends Omit<CallHost, 'media'> {
  readonly loadMedia: () => Promise<MediaPort>;
}

/**
 * Calls, whose code is fetched right after joining instead of before it: the page is there sooner, and the code is
 * here before the server may go.
 */
export class LazyCalls {
  readonly #host: LazyCallHost;
  /** BOUNDED: by MAX_EARLY_LETTERS. */
  readonly #early: { readonly from: Contact; readonly payload: Uint8Array }[] = [];
  #loading: Promise<CallService> | undefined;
  #service: CallService | undefined;
  #isClosed = false;

  constructor(host: LazyCallHost) {
    this.#host = host;
  }

  get calls(): readonly Call[] {
    return this.#service?.calls ?? [];
  }

  /** The overlay is joined: this peer can be found under its address from now on. */
  joined(): void {
    void this.#load().then(
      (service) => service.joined(),
      (error: unknown) => this.#host.log.log('warn', 'calls are not available', { error: String(error) }),
    );
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

  async call(id: NodeId, media: CallMedia): Promise<Call> {
    return (await this.#load()).call(id, media);
  }

  close(): void {
    this.#isClosed = true;
    this.#service?.close();
  }

  async #load(): Promise<CallService> {
    this.#loading ??= this.#fetch();
    try {
      return await this.#loading;
    } catch (cause) {
      this.#loading = undefined;
      if (cause instanceof SkeinError) throw cause;
      throw new SkeinError(
        'internal',
        'The code for calls could not be fetched. Files still work; reload the page to call.',
        {
          cause,
        },
      );
    }
  }

  async #fetch(): Promise<CallService> {
    const code = import('./calls/call-service.ts');
    const [{ CallService: Service }, media] = await Promise.all([code, this.#host.loadMedia()]);
    if (this.#isClosed) throw leftError();
    const service = new Service({ ...this.#host, media });
    this.#service = service;
    for (const { from, payload } of this.#early.splice(0)) service.receive(from, payload);
    return service;
  }
}
