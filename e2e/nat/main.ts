import { setTimeout as sleep } from 'node:timers/promises';
import { NatLab, type Person, type Relay } from '../harness/nat-lab.ts';
import { NATS } from '../harness/nat-network.ts';
import { type Cell, type Way, bestWay, formatMatrix } from './matrix.ts';
import { measureRecovery } from './recovery.ts';

/** A pair that is still without a link when nothing has changed for this long will have none: ICE takes 15 s. [ms] */
const QUIET_MS = 40_000;

/** How often links are looked at. [ms] */
const LOOK_MS = 2_000;

const HEADINGS: Readonly<Record<Relay, string>> = {
  none: 'without a TURN server',
  udp: 'with a TURN server, over UDP',
  tcp: 'with a TURN server, over UDP and TCP',
};

/**
 * `npm run nat`: two people behind each kind of router are in one network; prints how each kind is linked to each, and how
 * soon links come back after a mishap. False when a pair is linked in another way than it could be, or somebody does not
 * find everybody.
 */
export async function main(): Promise<boolean> {
  if (!NatLab.isPossible()) {
    console.error('This takes Linux, root, coturn, ip and nft: on Debian "apt install coturn iproute2 nftables".');
    return false;
  }
  let isGood = true;
  for (const relay of ['none', 'udp', 'tcp'] as const) isGood = (await measure(relay)) && isGood;
  console.log('');
  await measureRecovery();
  return isGood;
}

async function measure(relay: Relay): Promise<boolean> {
  const lab = await NatLab.open(relay);
  try {
    for (const nat of NATS) await Promise.all([lab.join(nat), lab.join(nat)]);
    const ways = await settled(lab.people);
    const cells = lab.people.flatMap((a, i) =>
      lab.people.slice(i + 1).map((b): Cell => ({ a: a.nat, b: b.nat, way: ways.get(pairOf(a, b)) ?? 'none' })),
    );
    // Of pairs of the same two kinds the worst is told.
    const told = cells.toSorted((one, other) => Number(isAsGood(one, relay)) - Number(isAsGood(other, relay)));
    const [found, asked] = await lookups(lab.people);
    console.log(`\n${HEADINGS[relay]}\n${formatMatrix(told, relay)}`);
    console.log(`lookups that named the person asked for: ${found} of ${asked}`);
    return cells.every((cell) => isAsGood(cell, relay)) && found === asked;
  } finally {
    await lab.close();
  }
}

function isAsGood({ a, b, way }: Cell, relay: Relay): boolean {
  return way === bestWay(a, b, relay);
}

function pairOf(a: Person, b: Person): string {
  return [a.host, b.host].toSorted().join(' ');
}

/** How each pair is linked once that has not changed for a while. */
async function settled(people: readonly Person[]): Promise<ReadonlyMap<string, Way>> {
  let last = '';
  let since = performance.now();
  for (;;) {
    const ways = await waysOf(people);
    const now = [...ways]
      .map((entry) => entry.join(' '))
      .toSorted()
      .join();
    if (now !== last) since = performance.now();
    last = now;
    if (performance.now() - since > QUIET_MS) return ways;
    await sleep(LOOK_MS);
  }
}

async function waysOf(people: readonly Person[]): Promise<Map<string, Way>> {
  const ways = new Map<string, Way>();
  const byId = new Map<string, Person>();
  for (const person of people) byId.set(await person.tab.id(), person);
  for (const person of people) {
    for (const { id, path } of await person.tab.page.evaluate(() => window.skein.links())) {
      const other = byId.get(id);
      if (other) ways.set(pairOf(person, other), path === 'direct' ? 'direct' : 'turn');
    }
  }
  return ways;
}

/** Everybody who has joined looks everybody else up who has. */
async function lookups(people: readonly Person[]): Promise<readonly [found: number, asked: number]> {
  const ids: string[] = [];
  const joined: Person[] = [];
  for (const person of people) {
    if (!(await person.tab.page.evaluate(() => window.skein.status.joined))) continue;
    joined.push(person);
    ids.push(await person.tab.id());
  }
  let found = 0;
  for (const { tab } of joined) {
    found += await tab.page.evaluate(async (all) => {
      const others = all.filter((id) => id !== window.skein.id);
      const results = await Promise.all(others.map((id) => window.skein.lookup(id).catch(() => undefined)));
      return results.filter((result, at) => result?.closest[0] === others[at]).length;
    }, ids);
  }
  return [found, joined.length * Math.max(0, joined.length - 1)];
}
