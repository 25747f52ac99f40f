import type { NodeId } from '../../../shared/src/ids.ts';
import {
  FORWARD_SHARE,
  MAX_FORWARDS,
  MAX_FORWARD_BYTES,
  REVERSE_STATE_MS,
} from '../../../shared/src/limits/overlay.ts';
import type { Core } from './core.ts';
import type { Forward } from './forward.ts';
import type { MessageId } from './frame-fields.ts';
import { SeenMessages } from './seen-messages.ts';
import type { Targets } from './targets.ts';

/** What the messages of one neighbour take up. */
interface Load {
  count: number;
  bytes: number;
}

/** The routed messages at this node: those under way, and the ids of those that are done. */
export class Messages {
  readonly #core: Core;
  readonly #targets: Targets;
  /** Messages that wait for something, in order of arrival. BOUNDED: by MAX_FORWARDS and, through `sweep`, by REVERSE_STATE_MS. */
  readonly #open = new Map<MessageId, Forward>();
  readonly #done: SeenMessages;
  #heldBytes = 0;
  /** By the neighbour they came from, until there are none of it. BOUNDED: by the links that there were since the last sweep. */
  readonly #loads = new Map<NodeId, Load>();

  constructor(core: Core, targets: Targets) {
    this.#core = core;
    this.#targets = targets;
    this.#done = new SeenMessages(core.rng);
  }

  get size(): number {
    return this.#open.size;
  }

  get(id: MessageId): Forward | undefined {
    return this.#open.get(id);
  }

  /** Those under way, the oldest first. */
  open(): IterableIterator<Forward> {
    return this.#open.values();
  }

  /** True when a message with this id was here and is done. */
  wasDone(id: MessageId): boolean {
    return this.#done.has(id);
  }

  /** True when another message of `from` fits, and leaves the other neighbours theirs. */
  hasRoomFor(bytes: Uint8Array, from: NodeId): boolean {
    const load = this.#loads.get(from);
    return (
      this.#heldBytes + bytes.length <= MAX_FORWARD_BYTES &&
      (load?.bytes ?? 0) + bytes.length <= FORWARD_SHARE * MAX_FORWARD_BYTES &&
      (load?.count ?? 0) < FORWARD_SHARE * MAX_FORWARDS
    );
  }

  /** The oldest of others gives way when there are too many; one of ours only when all are. */
  add(forward: Forward): Forward {
    if (this.#open.size >= MAX_FORWARDS) this.finish(this.#oldest());
    this.#open.set(forward.id, forward);
    this.#count(forward, 1);
    return forward;
  }

  /** Only its id is remembered from now on. */
  finish(forward: Forward): void {
    if (forward.isDone) return;
    forward.isDone = true;
    this.#count(forward, -1);
    forward.bytes = undefined;
    if (forward.isCounted) this.#targets.ended(forward.target);
    this.#open.delete(forward.id);
    this.#done.add(forward.id, this.#core.now);
  }

  /** Forgets what is too old to be answered. */
  sweep(): void {
    const before = this.#core.now - REVERSE_STATE_MS;
    this.#done.turn(this.#core.now);
    for (const [from, { count }] of this.#loads) if (count === 0) this.#loads.delete(from);
    for (const forward of this.#open.values()) {
      if (forward.receivedAt > before) return;
      this.finish(forward);
    }
  }

  #oldest(): Forward {
    let oldest: Forward | undefined;
    for (const forward of this.#open.values()) {
      if (forward.from !== undefined) return forward;
      oldest ??= forward;
    }
    return oldest as Forward;
  }

  #count({ from, bytes }: Forward, by: 1 | -1): void {
    const length = by * (bytes?.length ?? 0);
    this.#heldBytes += length;
    if (from === undefined) return;
    let load = this.#loads.get(from);
    if (!load) this.#loads.set(from, (load = { count: 0, bytes: 0 }));
    load.count += by;
    load.bytes += length;
  }
}
