import http, { type ClientRequestArgs } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { silentLog } from '../../client/src/adapters/browser/log.ts';
import { SocketSignaling } from '../../client/src/adapters/browser/signaling.ts';
import { WebCrypto, type WebKeys } from '../../client/src/adapters/browser/webcrypto.ts';
import type { Key } from '../../shared/src/ids.ts';

/** Addresses that a crowd comes from, one tab after the other. 20,000 tabs are a hundred from each: no address meets a limit. */
const ADDRESSES = 200;

/** Announces under way at once: few enough that a busy server answers each within the client's patience. */
const ANNOUNCES_AT_ONCE = 500;

/** How long whoever waits for a crowd is patient. [ms] On busy cores 5,000 take a minute to come back. */
const PATIENCE_MS = 300_000;

/** What each connection of this process comes through: 127.1.0.1, then 127.1.1.1, … All of them are this machine on Linux. */
class AddressPerConnection extends http.Agent {
  static #connections = 0;

  override createConnection(
    options: ClientRequestArgs,
    callback?: Parameters<http.Agent['createConnection']>[1],
  ): ReturnType<http.Agent['createConnection']> {
    const localAddress = `127.1.${AddressPerConnection.#connections++ % ADDRESSES}.1`;
    return super.createConnection({ ...options, localAddress }, callback);
  }
}

/** The signaling clients of many tabs, as the page has them, in this process. They come back by themselves until closed. */
export class Crowd {
  readonly #clients: readonly SocketSignaling[];
  readonly #usualAgent = http.globalAgent;
  readonly #joined = new Set<SocketSignaling>();
  #changed: (() => void) | undefined;

  private constructor(clients: readonly SocketSignaling[]) {
    this.#clients = clients;
    // The sockets of the clients are made by whatever agent is the usual one of the process.
    http.globalAgent = new AddressPerConnection();
  }

  /** Makes the clients and their keys; nobody connects yet. */
  static async of(size: number, url: string): Promise<Crowd> {
    const clients: SocketSignaling[] = [];
    while (clients.length < size) {
      clients.push(new SocketSignaling({ url, crypto: new WebCrypto(await newKeys()), log: silentLog }));
    }
    return new Crowd(clients);
  }

  /** Lets them come at an even rate. Resolves, once all have joined, to how long each took. [ms] */
  async arrive(perSecond: number): Promise<number[]> {
    const times: number[] = [];
    const begun = performance.now();
    for (const [index, client] of this.#clients.entries()) {
      await delay(Math.max(0, begun + (1000 * index) / perSecond - performance.now()));
      const started = performance.now();
      let isFirst = true;
      client.start({
        state: (state) => {
          if (state !== 'connected') this.#set(client, false);
        },
        joined: () => {
          if (isFirst) times.push(performance.now() - started);
          isFirst = false;
          this.#set(client, true);
        },
        signal: () => undefined,
      });
    }
    await this.#until(this.#clients.length);
    return times;
  }

  /** Resolves once all have noticed that the server is gone. */
  allLost(): Promise<void> {
    return this.#until(0);
  }

  allJoined(): Promise<void> {
    return this.#until(this.#clients.length);
  }

  /** Each of them announces what `torrentsOf` says of its place in the crowd. Resolves to the number of announces. */
  async announce(torrentsOf: (index: number) => readonly Key[]): Promise<number> {
    const announces = this.#clients.flatMap((client, index) =>
      torrentsOf(index).map((infoHash) => () => client.announce(infoHash, 'started')),
    );
    for (let from = 0; from < announces.length; from += ANNOUNCES_AT_ONCE) {
      const answers = await Promise.all(announces.slice(from, from + ANNOUNCES_AT_ONCE).map((announce) => announce()));
      if (answers.includes(undefined)) throw new Error('the server did not answer every announce');
    }
    return announces.length;
  }

  close(): void {
    for (const client of this.#clients) client.close();
    http.globalAgent = this.#usualAgent;
  }

  #set(client: SocketSignaling, isJoined: boolean): void {
    if (isJoined) this.#joined.add(client);
    else this.#joined.delete(client);
    this.#changed?.();
  }

  /** Resolves once `count` are joined. */
  async #until(count: number): Promise<void> {
    if (this.#joined.size === count) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.#joined.size} tabs were joined, not ${count}`)),
        PATIENCE_MS,
      );
      this.#changed = () => {
        if (this.#joined.size !== count) return;
        clearTimeout(timer);
        this.#changed = undefined;
        resolve();
      };
    });
  }
}

/** Fresh keys. Nobody seals anything to a crowd, so that no key to unseal with is made, which takes most of the time. */
async function newKeys(): Promise<WebKeys> {
  const { publicKey, privateKey } = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
  const raw = await crypto.subtle.exportKey('raw', publicKey);
  return { publicKey: new Uint8Array(raw), sign: privateKey, unseal: privateKey };
}
