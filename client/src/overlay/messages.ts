import { MAX_FORWARDS, MAX_FORWARD_BYTES, REVERSE_STATE_MS } from '../../../shared/src/limits/overlay.ts';
import type { Core } from './core.ts';
import type { Forward } from './forward.ts';
import type { MessageId } from './frame-fields.ts';
import { SeenMessages } from './seen-messages.ts';
import type { Targets } from './targets.ts';

/** The routed messages at this node: those under way, and the ids of those that are done. */
export class Messages {
  readonly #core: Core;
  readonly #targets: Targets;
  /** Messages that wait for something, in order of arrival. BOUNDED: by MAX_FORWARDS and, through `sweep`, by REVERSE_STATE_MS. */
  readonly #open = new Map<MessageId, Forward>();
  readonly #done = new SeenMessages();
  #heldBytes = 0;

  constructor(core: Core, targets: Targets) {
    this.#core = core;
    this.#targets = targets;
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

  hasRoomFor(bytes: Uint8Array): boolean {
    return this.#heldBytes + bytes.length <= MAX_FORWARD_BYTES;
  }

  /** The oldest gives way when there are too many. */
  add(forward: Forward): Forward {
    if (this.#open.size >= MAX_FORWARDS) {
      for (const oldest of this.#open.values()) {
        this.finish(oldest);
        break;
      }
    }
    this.#open.set(forward.id, forward);
    this.#heldBytes += forward.bytes?.length ?? 0;
    return forward;
  }

  /** Only its id is remembered from now on. */
  finish(forward: Forward): void {
    if (forward.isDone) return;
    forward.isDone = true;
    if (forward.bytes) this.#heldBytes -= forward.bytes.length;
    forward.bytes = undefined;
    if (forward.isCounted) this.#targets.ended(forward.target);
    this.#open.delete(forward.id);
    this.#done.add(forward.id, this.#core.now);
  }

  /** Forgets what is too old to be answered. */
  sweep(): void {
    const before = this.#core.now - REVERSE_STATE_MS;
    this.#done.turn(this.#core.now);
    if (this.#open.size === 0) return;
    for (const forward of this.#open.values()) {
      if (forward.receivedAt > before) return;
      this.finish(forward);
    }
  }
}
