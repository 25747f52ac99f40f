import type { Key, NodeId } from '../../../shared/src/ids.ts';
import { Admission } from './admission.ts';
import { Neighbourhood } from './neighbourhood.ts';
import { ProviderCache } from './provider-cache.ts';
import { ProviderStore } from './provider-store.ts';
import { Publisher } from './publisher.ts';
import { RecordCache } from './record-cache.ts';
import { RecordStore } from './record-store.ts';
import { handOver } from './replication.ts';
import type { Routing } from './request.ts';
import { Sync } from './sync.ts';
import { Verifier } from './verifier.ts';
import { ReceivedTokens, WriteTokens } from './write-tokens.ts';

/** What this peer holds for others, announces for itself, and needs to do so. */
export class Holdings {
  readonly neighbourhood: Neighbourhood;
  readonly records: RecordStore;
  readonly providers: ProviderStore;
  readonly cache = new RecordCache();
  readonly providerCache = new ProviderCache();
  readonly verifier: Verifier;
  readonly tokens: WriteTokens;
  readonly receivedTokens = new ReceivedTokens();
  readonly admission: Admission;
  readonly publisher: Publisher;
  readonly sync: Sync;
  readonly #routing: Routing;

  constructor(routing: Routing) {
    const { core, table } = routing;
    this.#routing = routing;
    const neighbourhood = new Neighbourhood(core, table);
    this.neighbourhood = neighbourhood;
    const isReplica = (key: Key): boolean => neighbourhood.isReplica(key);
    this.records = new RecordStore(core.self.id, isReplica);
    this.providers = new ProviderStore(core.self.id, isReplica);
    this.verifier = new Verifier(core);
    this.tokens = new WriteTokens(core.rng);
    this.admission = new Admission(this.tokens);
    this.publisher = new Publisher(routing, this);
    this.sync = new Sync(routing, neighbourhood, this.records, this.providers);
  }

  /** Keys with records and with providers. */
  get size(): number {
    return this.records.size + this.providers.size;
  }

  /** Expires, announces again, compares with the other replicas: whatever is due. */
  tick(): void {
    const { core } = this.#routing;
    this.records.expire(core.wallNow);
    this.providers.expire(core.now);
    this.publisher.tick();
    this.sync.tick();
  }

  /** A peer is believed dead. */
  onPeerLost(id: NodeId): void {
    this.providers.dropPeer(id);
    this.records.forgetReplica(id);
  }

  /** Takes our announcements back and hands over what is held. */
  leave(): void {
    this.publisher.withdraw();
    handOver(this.#routing, this.records, this.providers);
  }
}
