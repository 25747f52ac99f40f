import { vi } from 'vitest';
import type { Contact, NodeId } from '../../../../shared/src/ids.ts';
import { DESKTOP_LEDGER } from '../../../../shared/src/limits/links.ts';
import { seededRng } from '../../../../shared/src/machine.ts';
import { silentLog } from '../../adapters/browser/log.ts';
import { ManualClock } from '../../adapters/memory/manual-clock.ts';
import { MemoryNetwork } from '../../adapters/memory/memory-connector.ts';
import { PortableCrypto, generatePortableKeys } from '../../adapters/portable/portable-crypto.ts';
import type { TabHandler } from '../../ports/tabs.ts';
import { FakeMedia } from '../calls/test/fake-media.ts';
import { fixedIceConfig } from '../ice-config.ts';
import { SkeinNode } from '../node.ts';
import { FakeWorker } from '../swarm/test/fake-worker.ts';

/** Nodes in tabs of one browser, which has no server. */
export class Browser {
  readonly clock = new ManualClock();
  readonly rng = seededRng(7);
  /** Ids of the nodes whose identity another tab may take. */
  readonly released: NodeId[] = [];
  /** Letters may go from tab to tab, not only over the network. */
  doTabsDeliver = true;
  readonly #wires = new MemoryNetwork(this.clock, this.rng);
  readonly #tabs = new Map<NodeId, { readonly self: Contact; readonly handler: TabHandler }>();

  /** A node that joins. */
  async open(name: string): Promise<SkeinNode> {
    const crypto = new PortableCrypto(generatePortableKeys());
    const { self } = crypto;
    const node = new SkeinNode({
      crypto,
      clock: this.clock,
      rng: this.rng,
      log: silentLog,
      connector: this.#wires.connector(),
      ice: fixedIceConfig([]),
      signaling: undefined,
      tabs: {
        start: (handler) => this.#meet(self, handler),
        deliver: async (to, bytes) => {
          if (!this.doTabsDeliver) return false;
          this.#tabs.get(to)?.handler.letter(bytes);
          return this.#tabs.has(to);
        },
        close: () => void this.#tabs.delete(self.id),
      },
      relayOnly: false,
      ledger: DESKTOP_LEDGER,
      loadMedia: () => Promise.resolve(new FakeMedia()),
      createWorker: () => new FakeWorker() as unknown as Worker,
      loadMediaStreams: () => Promise.reject(new Error('nobody plays here')),
      loadStrangers: () => Promise.reject(new Error('nobody is strange here')),
      name,
      saveName: () => undefined,
      releaseIdentity: () => void this.released.push(self.id),
      storage: 'memory',
      isSecure: true,
    });
    await node.start();
    return node;
  }

  /** Lets time pass until `work` is over. */
  async end<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    const over = (): void => void (isOver = true);
    work.then(over, over);
    while (!isOver) {
      await this.clock.advance(100);
      await vi.dynamicImportSettled();
    }
    return work;
  }

  #meet(self: Contact, handler: TabHandler): void {
    for (const other of this.#tabs.values()) {
      handler.met(other.self);
      other.handler.met(self);
    }
    this.#tabs.set(self.id, { self, handler });
  }
}
