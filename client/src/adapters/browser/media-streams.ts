import { SkeinError } from '../../api.ts';
import type { MediaAsk, MediaStreams } from '../../ports/media-streams.ts';
import { type ClaimRequest, type MediaRequest, mediaPath } from '../../worker/media/messages.ts';

/** How long a service worker may take to be installed and to take the page over. [ms] Its script is a few kilobytes. */
const CLAIM_PATIENCE_MS = 15_000;

/** Gives players addresses below the page's own, which a service worker answers with what the page gives it. */
export class ServiceWorkerStreams implements MediaStreams {
  readonly #script: URL;
  #ready: Promise<ServiceWorkerRegistration> | undefined;

  /** `script`: where the service worker's code is. It may answer for its own folder and what is below. */
  constructor(script: URL) {
    this.#script = script;
  }

  serve(answer: (ask: MediaAsk, port: MessagePort) => void): () => void {
    const { serviceWorker } = navigator as { readonly serviceWorker?: ServiceWorkerContainer };
    const asked = ({ data, ports }: MessageEvent<MediaRequest | undefined>): void => {
      const [port] = ports;
      if (data?.kind === 'skein-media' && port) answer(data, port);
    };
    serviceWorker?.addEventListener('message', asked);
    serviceWorker?.startMessages();
    return () => serviceWorker?.removeEventListener('message', asked);
  }

  async urlOf(infoHash: string, index: number, name: string): Promise<string> {
    this.#ready ??= this.#register();
    try {
      const { scope } = await this.#ready;
      return new URL(mediaPath(infoHash, index, name), scope).href;
    } catch (cause) {
      this.#ready = undefined;
      if (cause instanceof SkeinError) throw cause;
      const message = 'The service worker for playing could not be started. Without it, save the file and open it.';
      throw new SkeinError('no-service-worker', message, { cause });
    }
  }

  async #register(): Promise<ServiceWorkerRegistration> {
    const { serviceWorker } = navigator as { readonly serviceWorker?: ServiceWorkerContainer };
    if (!serviceWorker) {
      const message = isSecureContext
        ? 'This browser window has no service workers, without which nothing can be played here. Save the file and open it.'
        : 'Browsers play such files only on pages opened over https or on localhost. Save the file and open it.';
      throw new SkeinError('no-service-worker', message);
    }
    const registration = await serviceWorker.register(this.#script);
    await claimed(serviceWorker, registration);
    return registration;
  }
}

/** Resolves when the service worker controls this page, which it does not after the first load and after a forced one. */
async function claimed(container: ServiceWorkerContainer, registration: ServiceWorkerRegistration): Promise<void> {
  if (container.controller) return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('it did not take the page over')), CLAIM_PATIENCE_MS);
    const taken = (): void => {
      clearTimeout(timer);
      resolve();
    };
    container.addEventListener('controllerchange', taken, { once: true });
    const ask: ClaimRequest = { kind: 'skein-claim' };
    registration.active?.postMessage(ask);
  });
}
