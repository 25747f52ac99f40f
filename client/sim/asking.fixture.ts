import type { NodeId } from '../../shared/src/ids.ts';
import type { Millis } from '../../shared/src/machine.ts';
import { compareDistance } from '../../shared/src/xor.ts';
import type { OverlayResult } from '../src/overlay/types.ts';
import type { OpRequest, SimNode } from './sim-node.ts';
import type { World } from './world.ts';

/** Lets the world run for `waitMs`; the result of the operation, if it ended. */
export function ask(world: World, node: SimNode, request: OpRequest, waitMs: Millis): OverlayResult | undefined {
  let answer: OverlayResult | undefined;
  world.operate(node, request, (given) => (answer = given));
  world.run(world.now + waitMs);
  return answer;
}

/** The living peers, nearest to `key` first. */
export function nearestTo(world: World, key: NodeId): SimNode[] {
  return world.alive.sort((a, b) => compareDistance(key, a.contact.id, b.contact.id));
}

/** The item at `index`, from the end when negative; it must be there. */
export function item<T>(items: readonly T[], index: number): T {
  const found = items.at(index);
  if (found === undefined) throw new Error(`no item ${index}`);
  return found;
}
