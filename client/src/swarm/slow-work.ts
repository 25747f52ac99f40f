import type { Millis } from '../../../shared/src/machine.ts';
import type { Effects } from './effects.ts';
import type { HashTrees } from './hash-trees.ts';
import type { EffectResult } from './types.ts';

/** What slow work is about. */
type Work = { readonly kind: 'finish' | 'leaves'; readonly piece: number } | 'metadata' | 'web';

/** Who is told what came of it. */
export interface SlowWorkHost {
  /** `isOld`: it began before a person had the torrent go on. */
  onFinished(piece: number, result: EffectResult, now: Millis, isOld: boolean): void;
  /** Undefined when the piece could not be read. */
  onHashed(piece: number, leaves: Uint8Array | undefined, now: Millis): void;
  onMetadataChecked(result: EffectResult, now: Millis): void;
  onWebDone(effect: number, result: EffectResult, now: Millis): void;
}

/** What the torrent has others do, each under a number by which the result comes back as `effectDone`. */
export class SlowWork {
  readonly #effects: Effects;
  readonly #host: SlowWorkHost;
  /** By its number. BOUNDED: by the open pieces, those that are hashed for peers, MAX_WEB_FETCHES, and one for the metadata. */
  readonly #underWay = new Map<number, Work>();
  #next = 1;
  /** Work with lower numbers is old. */
  #firstOfRun = 0;

  constructor(effects: Effects, host: SlowWorkHost) {
    this.#effects = effects;
    this.#host = host;
  }

  /** All blocks of the piece are here: it is to be checked and stored. */
  finishPiece(piece: number, trees: HashTrees | undefined): void {
    const [leaves, treeHash] = [trees?.leavesOf(piece), trees?.pieceHash(piece)];
    const effect = this.#begin({ kind: 'finish', piece });
    this.#effects.run({ kind: 'finishPiece', effect, piece, leaves, treeHash });
  }

  /** A peer wants the leaves of a stored piece. */
  hashLeaves(piece: number): void {
    this.#effects.run({ kind: 'hashLeaves', effect: this.#begin({ kind: 'leaves', piece }), piece });
  }

  checkMetadata(infoBytes: Uint8Array): void {
    this.#effects.run({ kind: 'checkMetadata', effect: this.#begin('metadata'), infoBytes });
  }

  /** The number of a request to a web seed, which the caller makes. */
  beginFetch(): number {
    return this.#begin('web');
  }

  /** A person has the torrent go on. */
  beginRun(): void {
    this.#firstOfRun = this.#next;
  }

  onDone(effect: number, result: EffectResult, now: Millis): void {
    const work = this.#underWay.get(effect);
    if (work === undefined) return;
    this.#underWay.delete(effect);
    if (work === 'web') this.#host.onWebDone(effect, result, now);
    else if (work === 'metadata') this.#host.onMetadataChecked(result, now);
    else if (work.kind === 'finish') this.#host.onFinished(work.piece, result, now, effect < this.#firstOfRun);
    else this.#host.onHashed(work.piece, result.kind === 'leaves' ? result.leaves : undefined, now);
  }

  /** Nothing that comes back is of interest any more. */
  clear(): void {
    this.#underWay.clear();
  }

  #begin(work: Work): number {
    const effect = this.#next++;
    this.#underWay.set(effect, work);
    return effect;
  }
}
