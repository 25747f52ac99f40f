import { BUCKET_CAPACITY } from '../../../shared/src/limits/overlay.ts';
import { distanceFraction } from '../../../shared/src/xor.ts';
import type { RoutingTable } from './routing-table.ts';

/**
 * Estimated peers in the network, ourselves included. Few contacts are counted. Otherwise the i-th closest of N peers
 * lies at about i/N of the id space: least squares over the closest ones (order statistics of XOR distances).
 */
export function estimateNetworkSize(table: RoutingTable): number {
  if (table.size < BUCKET_CAPACITY) return table.size + 1;
  let squares = 0;
  let products = 0;
  table.closest(table.self, ESTIMATE_CONTACTS).forEach(({ contact }, i) => {
    squares += (i + 1) * (i + 1);
    products += (i + 1) * distanceFraction(table.self, contact.id);
  });
  const estimate = products > 0 ? Math.round(squares / products) : 0;
  return Math.max(estimate, table.size + 1);
}

/** Closest contacts that enter the estimate. [contacts] More are known less completely, fewer vary more. */
const ESTIMATE_CONTACTS = 16;
