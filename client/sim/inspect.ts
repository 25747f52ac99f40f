import {
  type TableBounds,
  conservationViolations,
  linkViolations,
  openViolations,
  recordViolations,
  silence,
  tableViolations,
} from './checkers.ts';
import { type RecordLedger, foundOf } from './records.ts';
import { Truth } from './truth.ts';
import type { OperationWatch } from './watch.ts';
import type { World } from './world.ts';

/** The state of a world at its end. */
export interface Inspection {
  readonly joined: number;
  /** Mean over the living peers. */
  readonly links: number;
  /** Sentences about what must hold and does not. Empty in a sound run. */
  readonly violations: readonly string[];
  /** Share of the reads that found their record; null where nothing was read. */
  readonly recordsFound: number | null;
}

/** Sentences kept; the rest is counted. */
const MAX_SENTENCES = 20;

/** Looks at every peer, then lets the world end. Every checker runs, whatever the scenario was. As `World.gather`. */
export function inspect(
  world: World,
  bounds: TableBounds,
  watch: OperationWatch,
  ledger: RecordLedger | undefined,
): Inspection {
  const own: string[] = [];
  let joined = 0;
  let links = 0;
  const { alive } = world;
  for (const node of alive) {
    const snapshot = node.overlay.snapshot();
    if (snapshot.isJoined) joined++;
    links += node.overlay.links;
    own.push(...tableViolations(node.contact.id, snapshot, bounds), ...linkViolations(node));
  }
  const found = [
    ...world.gather(own.slice(0, MAX_SENTENCES)).flat(),
    ...openViolations(world.sum(watch.overdue())),
    ...recordsLost(world, ledger),
  ];
  const peers = world.sum(alive.length);
  silence(world);
  found.push(...conservationViolations(framesOfAll(world)));
  const kept = found.slice(0, MAX_SENTENCES);
  const more = found.length - kept.length + world.sum(Math.max(0, own.length - MAX_SENTENCES));
  return {
    joined: world.sum(joined),
    links: world.sum(links) / Math.max(1, peers),
    violations: more > 0 ? [...kept, `and ${more} more`] : kept,
    recordsFound: ledger ? foundOf(ledger.tallyOfAll()) : null,
  };
}

function recordsLost(world: World, ledger: RecordLedger | undefined): string[] {
  ledger?.count(Truth.ofAll(world));
  return recordViolations(ledger?.records ?? []);
}

/** A frame between two shards is sent in one and ends in the other. */
function framesOfAll(world: World): World['frames'] {
  const { sent, delivered, lost } = world.frames;
  return { sent: world.sum(sent), delivered: world.sum(delivered), lost: world.sum(lost) };
}
