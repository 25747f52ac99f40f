import { expect, test } from 'vitest';
import { type Key, type NodeId, parseNodeId } from '../../shared/src/ids.ts';
import { Coalition, contactNear } from './adversary.ts';
import { ask } from './asking.fixture.ts';
import { grow } from './phases.ts';
import type { SimNode } from './sim-node.ts';
import { signRecord } from './signing.ts';
import { pick, randomKey } from './workload.ts';
import { DEFAULT_WORLD, EPOCH, World } from './world.ts';

/** A network that was crowded, and what lies about it. */
interface Crowded {
  readonly world: World;
  readonly key: Key;
  readonly honest: readonly SimNode[];
  readonly coalition: Coalition;
}

/** Eighty honest peers, and twenty that lie from ids closer to `key` than any of them. */
function crowded(seed: number): Crowded {
  const world = new World({ ...DEFAULT_WORLD, seed, linkTarget: 16, linkHard: 24 });
  const key = randomKey(world.rng);
  const coalition = new Coalition('sybil', 0, world.rng);
  grow(world, 80, 20_000);
  for (let i = 0; i < 20; i++) coalition.recruit(world.spawn(undefined, contactNear(key, 9, 1_024, world.rng)));
  world.run(world.now + 60_000);
  return { world, key, coalition, honest: world.alive.filter(({ contact }) => !coalition.has(contact.id)) };
}

/** Puts and gets that look beside their key end within this. [ms] */
const WAIT_MS = 12_000;

/** A key that begins like `key`. */
function besideKey(key: Key, index: number): Key {
  return parseNodeId(key.slice(0, 38) + (16 + index).toString(16)) as NodeId;
}

/** Puts a record beside the crowded key and gets it from elsewhere. Whether it came. */
function isFound({ world, key, honest }: Crowded, index: number): boolean {
  const author = pick(world.rng, honest) as SimNode;
  const expiresAt = EPOCH + world.now + 3_600_000;
  const value = new Uint8Array([index]);
  const fields = { key: besideKey(key, index), author: author.contact, sequence: 1, expiresAt, value };
  ask(world, author, { kind: 'put', record: signRecord(fields) }, WAIT_MS);
  const reader = pick(world.rng, honest) as SimNode;
  return ask(world, reader, { kind: 'get', key: fields.key }, WAIT_MS)?.kind === 'get';
}

test('a record is found in nine of ten tries although twenty liars are closer to its key than anybody else', () => {
  const found: boolean[] = [];
  for (let seed = 1; seed <= 12; seed++) {
    const network = crowded(seed);
    expect(network.coalition.size).toBe(20);
    for (let i = 0; i < 6; i++) found.push(isFound(network, i));
  }
  expect(found.filter(Boolean).length).toBeGreaterThanOrEqual(0.9 * found.length);
}, 120_000);

test('an honest network does not look beside its keys, not even for what nobody put', () => {
  const world = new World({ ...DEFAULT_WORLD, seed: 6, linkTarget: 16, linkHard: 24 });
  grow(world, 80, 40_000);
  const nodes = world.alive;
  for (let i = 0; i < 40; i++) {
    const node = nodes[i] as SimNode;
    const record = signRecord({
      key: randomKey(world.rng),
      author: node.contact,
      sequence: 1,
      expiresAt: EPOCH + world.now + 3_600_000,
      value: new Uint8Array([1]),
    });
    world.operate(node, { kind: 'put', record }, () => undefined);
    world.operate(node, { kind: 'get', key: randomKey(world.rng) }, () => undefined);
    world.run(world.now + 200);
  }
  world.run(world.now + 15_000);
  const widened = nodes.reduce((sum, { overlay }) => sum + overlay.counters.widened, 0);
  expect(widened).toBeLessThanOrEqual(4);
}, 60_000);
