import { randomBelow } from '../../../shared/src/machine.ts';
import { quantity } from '../options.ts';
import { grow } from '../phases.ts';
import { Population } from '../population.ts';
import { RecordLedger } from '../records.ts';
import { defineScenario } from '../scenario.ts';
import type { SimNode } from '../sim-node.ts';
import { shareOf } from '../statistics.ts';
import { runTurnover } from '../turnover.ts';
import { evenly, lookUp, newTally, pick } from '../workload.ts';
import type { World } from '../world.ts';

/** Pairs without a link that try to reach each other by a routed signal, over the whole time. */
const PAIRS = 200;

/** Deadline of such a signal: that of a dial. [ms] */
const SIGNAL_TIMEOUT_MS = 10_000;

/** From opening an invite to the link with whoever wrote it, which needs no server. [ms] */
const INVITE_MS = 2_000;

/** Time between two looks at who holds the records. [ms] */
const CENSUS_MS = 60_000;

/** A record is put each time after so many lookups, and read after every second one. */
const LOOKUPS_PER_PUT = 20;
const LOOKUPS_PER_GET = 2;

/**
 * The server dies and stays dead. Peers come and go for hours: newcomers come in by an invite, which links them to the
 * one peer that wrote it, and get every further link through signals that the overlay routes.
 */
export const serverDeath = defineScenario({
  name: 'server-death',
  about: 'the signaling server dies; the network goes on without it',
  options: {
    hours: quantity(24, 'without the server [h]', 0.01, 1_000),
    session: quantity(3_600, 'mean session [s]', 1),
  },
  defaults: { nodes: 60, lookups: 10_000, links: 16 },
  run(world, { nodes, lookups, hours, session }) {
    grow(world, nodes);
    world.isServerUp = false;
    const population: Population = new Population(world, session, () => invited(world, population.settled));
    const spanMs = 3_600_000 * hours;
    const tally = newTally();
    const ledger = new RecordLedger(world);
    const signals = { tried: 0, delivered: 0 };
    evenly(world, lookups, spanMs, (i) => {
      const asker = pick(world.rng, population.settled);
      if (!asker) return;
      lookUp(world, asker, tally, population);
      if (i % LOOKUPS_PER_PUT === 0) ledger.put(asker);
      else if (i % LOOKUPS_PER_GET === 0) ledger.get(asker);
    });
    evenly(world, PAIRS, spanMs, () => signal(world, population.settled, signals));
    const { upkeep, extra: turnover } = runTurnover(world, { population, tally, ledger, spanMs, censusMs: CENSUS_MS });
    const extra = {
      hours,
      settled: population.settled.length,
      leastLinks: Math.min(...population.settled.map(({ overlay }) => overlay.links)),
      signalsDelivered: shareOf(signals.delivered, signals.tried),
      signalsTried: signals.tried,
      ...turnover,
    };
    return { tally, upkeepBytesPerNodePerSecond: upkeep.bytesPerNodePerSecond, ledger, extra };
  },
});

/** A newcomer that knows one peer, and gets its first link from that peer's invite. */
function invited(world: World, hosts: readonly SimNode[]): SimNode {
  const newcomer = world.spawn([]);
  world.at(world.now + INVITE_MS, () => {
    const host = pick(world.rng, hosts);
    if (host?.isAlive && newcomer.isAlive) world.connect(newcomer, host);
  });
  return newcomer;
}

function signal(world: World, peers: readonly SimNode[], count: { tried: number; delivered: number }): void {
  const [from, to] = unlinkedPair(world, peers) ?? [];
  if (!from || !to) return;
  count.tried++;
  const request = { protocol: 'signal', payload: new Uint8Array([0]), timeoutMs: SIGNAL_TIMEOUT_MS } as const;
  world.operate(from, { kind: 'route', target: to.contact.id, ...request }, (result) => {
    if (result.kind === 'route') count.delivered++;
  });
}

function unlinkedPair(world: World, peers: readonly SimNode[]): [SimNode, SimNode] | undefined {
  for (let i = 0; i < 1_000 && peers.length > 1; i++) {
    const from = peers[randomBelow(world.rng, peers.length)];
    const to = peers[randomBelow(world.rng, peers.length)];
    if (from && to && from !== to && !from.links.has(to.contact.id)) return [from, to];
  }
  return undefined;
}
