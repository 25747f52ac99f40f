import { NATS, type Nat } from '../harness/nat-network.ts';
import type { Relay } from '../harness/nat-lab.ts';

/** How two people are linked: straight, through TURN, or not at all. */
export type Way = 'direct' | 'turn' | 'none';

/** One pair of kinds of routers, and how those two who are behind them came to be linked. */
export interface Cell {
  readonly a: Nat;
  readonly b: Nat;
  readonly way: Way;
}

/** Kinds whose port for a stranger cannot be foretold, and those that let nobody in to whom nothing was sent. */
const isSymmetric = (nat: Nat): boolean => nat === 'symmetric';
const isStrict = (nat: Nat): boolean => isSymmetric(nat) || nat === 'port-restricted';

/**
 * What ICE can reach (RFC 5128 §3.3): hole punching fails where one side's port cannot be foretold and the other lets
 * nobody else in. Who has no UDP reaches others through TURN over TCP alone.
 */
export function bestWay(a: Nat, b: Nat, relay: Relay): Way {
  const isBlocked = [a, b].includes('udp-blocked');
  const isApart = isBlocked || (isSymmetric(a) && isStrict(b)) || (isSymmetric(b) && isStrict(a));
  if (!isApart) return 'direct';
  if (relay === 'tcp' || (relay === 'udp' && !isBlocked)) return 'turn';
  return 'none';
}

/** The cells as a table of kinds by kinds; what is not as it should be is marked. */
export function formatMatrix(cells: readonly Cell[], relay: Relay): string {
  const width = Math.max(...NATS.map((nat) => nat.length)) + 2;
  const row = (head: string, words: readonly string[]): string =>
    [head, ...words]
      .map((word) => word.padEnd(width))
      .join('')
      .trimEnd();
  const word = (a: Nat, b: Nat): string => {
    const cell = cells.find((each) => (each.a === a && each.b === b) || (each.a === b && each.b === a));
    if (!cell) return '';
    return cell.way === bestWay(a, b, relay) ? cell.way : `${cell.way} (!)`;
  };
  return [
    row('', NATS),
    ...NATS.map((a) =>
      row(
        a,
        NATS.map((b) => word(a, b)),
      ),
    ),
  ].join('\n');
}
