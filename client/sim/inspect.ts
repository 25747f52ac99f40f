import {
  type TableBounds,
  conservationViolations,
  linkViolations,
  openViolations,
  recordViolations,
  silence,
  tableViolations,
} from './checkers.ts';
import type { RecordLedger } from './records.ts';
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
}

/** Sentences kept; the rest is counted. */
const MAX_SENTENCES = 20;

/** Looks at every peer, then lets the world end. Every checker runs, whatever the scenario was. */
export function inspect(
  world: World,
  bounds: TableBounds,
  watch: OperationWatch,
  ledger: RecordLedger | undefined,
): Inspection {
  const found: string[] = [];
  let joined = 0;
  let links = 0;
  const { alive } = world;
  for (const node of alive) {
    const snapshot = node.overlay.snapshot();
    if (snapshot.isJoined) joined++;
    links += node.overlay.links;
    found.push(...tableViolations(node.contact.id, snapshot, bounds), ...linkViolations(node));
  }
  found.push(...openViolations(watch.overdue()));
  ledger?.count(Truth.of(alive));
  found.push(...recordViolations(ledger?.records ?? []));
  silence(world);
  found.push(...conservationViolations(world.frames));
  const more = found.length - MAX_SENTENCES;
  const violations = more > 0 ? [...found.slice(0, MAX_SENTENCES), `and ${more} more`] : found;
  return { joined, links: links / Math.max(1, alive.length), violations };
}
