import type { Browser } from 'playwright-core';
import { launchBrowser } from './browser.ts';
import { watchPage } from './globals.ts';
import { closeAll } from './closing.ts';
import { FileFolder } from './files.ts';
import { type Nat, NatNetwork, SERVER_ADDRESS } from './nat-network.ts';
import { ServerProcess } from './server.ts';
import { Tab } from './tab.ts';
import { TurnProcess } from './turn.ts';
import { dumpTabs } from './world.ts';

const SERVER_PORT = 8080;

/** What there is for those who find no direct path: nothing, TURN over UDP, or over TCP, too. */
export type Relay = 'none' | 'udp' | 'tcp';

export interface PersonOptions {
  /** With a public IPv6 address beside the other one. Default false. */
  readonly hasIpv6?: boolean;
  /** At home with this person, behind the same router. */
  readonly beside?: Person;
  /** As in people's browsers: addresses at home are hidden behind names. Default false. */
  readonly hidesAddresses?: boolean;
  /** False: the page is opened by plain http, as from a phone at home, and browsers keep much from it. Default true. */
  readonly isSecure?: boolean;
}

/** A person of the lab: its page, in a browser and a network of its own. */
export interface Person {
  readonly tab: Tab;
  readonly nat: Nat;
  readonly host: string;
}

/**
 * People behind routers of their own, with a signaling server and a STUN server on a public address: real browsers, a real
 * server, a real coturn, and the kernel's own NAT between them.
 */
export class NatLab {
  readonly server: ServerProcess;
  readonly network: NatNetwork;
  readonly files: FileFolder;
  readonly people: Person[] = [];
  readonly #stun: TurnProcess;
  readonly #browsers: Browser[] = [];

  private constructor(network: NatNetwork, server: ServerProcess, stun: TurnProcess, files: FileFolder) {
    this.network = network;
    this.server = server;
    this.#stun = stun;
    this.files = files;
  }

  static isPossible(): boolean {
    return TurnProcess.isInstalled() && NatNetwork.isPossible();
  }

  static async open(relay: Relay = 'none'): Promise<NatLab> {
    const network = new NatNetwork();
    const place = { namespace: network.servers, address: SERVER_ADDRESS };
    const stun = await TurnProcess.start(place);
    const address = stun.urls.replace(/\?.*/, '');
    const turn = relay === 'tcp' ? `${address}?transport=udp,${address}?transport=tcp` : `${address}?transport=udp`;
    const env = {
      SKEIN_STUN_URLS: address.replace('turn:', 'stun:'),
      ...(relay !== 'none' && { ...stun.env, SKEIN_TURN_URLS: turn }),
    };
    const server = await ServerProcess.start({ port: SERVER_PORT, env, place });
    return new NatLab(network, server, stun, await FileFolder.create());
  }

  /** Somebody opens the page from behind a router of this kind. */
  async join(nat: Nat, options: PersonOptions = {}): Promise<Person> {
    const { beside, hasIpv6 = false, isSecure = true, hidesAddresses = false } = options;
    const host = beside ? this.network.joinBeside(beside.host) : this.network.join(nat, hasIpv6);
    const secure = isSecure && { secureOrigin: this.server.url };
    const browser = await launchBrowser({ namespace: host, hidesAddresses, ...secure });
    this.#browsers.push(browser);
    // Whoever may use the camera may know addresses, too: browsers hide nothing then.
    const permissions = isSecure && !hidesAddresses ? ['camera', 'microphone'] : [];
    const context = await browser.newContext({ permissions, acceptDownloads: true });
    await context.addInitScript(watchPage);
    const tab = new Tab(await context.newPage());
    const person = { tab, nat, host };
    this.people.push(person);
    await tab.page.goto(this.server.url, { waitUntil: 'commit' });
    await tab.started();
    return person;
  }

  async dump(title: string): Promise<void> {
    await dumpTabs(
      title,
      this.server.output,
      this.people.map(({ tab }) => tab),
    );
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#browsers.map((browser) => browser.close()));
    await closeAll([
      async () => this.network.close(),
      () => this.files.remove(),
      () => this.#stun.stop(),
      () => this.server.kill(),
    ]);
  }
}
