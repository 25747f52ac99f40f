import { BLOCK_BYTES } from '../../../../shared/src/limits/metainfo.ts';
import type { EffectResult, TorrentInput, TorrentRun } from '../types.ts';
import type { LabContent } from './lab.ts';

/** A web server of the lab. */
export interface LabWebSeed {
  readonly bytesPerSecond: number;
  /** Changes blocks on their way. */
  readonly corrupt?: (piece: number, block: Uint8Array) => Uint8Array;
  /** What becomes of a request, by how many came before; undefined lets it succeed. */
  readonly fails?: (request: number) => Extract<EffectResult, { kind: 'fetchFailed' }> | undefined;
}

/** The web seeds that peers of a lab can ask, by their URLs. */
export class LabWeb {
  readonly seeds = new Map<string, LabWebSeed>();
  /** Requests so far, by URL: how many blocks each asked for. */
  readonly requests = new Map<string, number[]>();
  /** Requests that are under way, and the most there ever were. */
  running = 0;
  most = 0;
  readonly #stopped = new Set<unknown>();

  /** Carries out what a machine asks of web seeds. `after` runs something so many milliseconds later. */
  run(
    owner: object,
    content: LabContent,
    run: Extract<TorrentRun, { kind: 'fetchWeb' | 'stopWeb' }>,
    after: (ms: number, run: () => void) => void,
    input: (input: TorrentInput) => void,
  ): void {
    const key = keyOf(owner, run.effect);
    if (run.kind === 'stopWeb') {
      this.#stopped.add(key);
      this.running--;
      return;
    }
    const seed = this.seeds.get(run.url);
    const before = this.requests.get(run.url) ?? [];
    this.requests.set(run.url, [...before, run.blocks.length]);
    this.most = Math.max(this.most, ++this.running);
    const send = (at: number, what: TorrentInput): void =>
      after(at, () => {
        if (this.#stopped.has(key)) return;
        if (what.kind === 'effectDone') this.running--;
        input(what);
      });
    const done = (result: EffectResult): TorrentInput => ({ kind: 'effectDone', effect: run.effect, result });
    const failure = seed ? seed.fails?.(before.length) : ({ kind: 'fetchFailed', isFinal: true } as const);
    if (!seed || failure) return send(20, done(failure ?? { kind: 'fetchFailed', isFinal: true }));
    let at = 20;
    for (const { piece, place, length } of run.blocks) {
      at += (1000 * length) / seed.bytesPerSecond;
      const offset = piece * content.metainfo.pieceLength + place * BLOCK_BYTES;
      const block = content.bytes.slice(offset, offset + length);
      const bytes = seed.corrupt?.(piece, block) ?? block;
      send(at, { kind: 'webBlock', effect: run.effect, piece, begin: place * BLOCK_BYTES, bytes });
    }
    send(at, done({ kind: 'fetched' }));
  }
}

/** BOUNDED: by the lab's peers. */
const owners = new WeakMap<object, number>();
let nextOwner = 1;

function keyOf(owner: object, effect: number): string {
  const id = owners.get(owner) ?? nextOwner++;
  owners.set(owner, id);
  return `${id}/${effect}`;
}
