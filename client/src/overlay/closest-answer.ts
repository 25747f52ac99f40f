import type { Key, NodeId } from '../../../shared/src/ids.ts';
import { isCloser } from '../../../shared/src/xor.ts';
import { closestContacts } from './contact-exchange.ts';
import type { AgedContact } from './frame-fields.ts';
import type { Routing } from './request.ts';

/** The peers closest to `key` that we would name to `asker`, ourselves included, nearest first. */
export function closestAnswer({ core, table }: Routing, key: Key, count: number, asker: NodeId): AgedContact[] {
  const others = closestContacts(core, table, key, count, asker);
  const at = others.findIndex(({ contact }) => isCloser(key, core.self.id, contact.id));
  others.splice(at < 0 ? others.length : at, 0, { contact: core.self, age: 0, place: table.coordinates.known });
  return others.slice(0, count);
}
