import { utf8Encode } from '../../../../../shared/src/bytes.ts';
import { settle } from '../../../adapters/memory/manual-clock.ts';
import { strangerOf } from '../../../swarm/peer-key.ts';
import type { WorkerRequest } from '../../../worker/protocol.ts';
import { FakeStrangerNetwork, type FakeTracker } from './strangers.ts';
import { infoHash, magnet } from './torrent.ts';
import { FakeWorld, type FakeNode } from './world.ts';

/** The tracker of a scene. */
export const URL_A = 'wss://a.example';
/** The peer id of a stranger. */
export const THEIRS = '-WW0300-abcdefghijkl';

export const STRANGER = strangerOf(utf8Encode(THEIRS));

/** A node that downloads or seeds, and the tracker of WebTorrent's that its link names. */
export interface Scene {
  readonly world: FakeWorld;
  readonly node: FakeNode;
  readonly network: FakeStrangerNetwork;
  readonly tracker: FakeTracker;
}

/** A node that downloads what its link names, and asked the tracker. */
export async function ask(state: 'finding' | 'seeding' = 'finding'): Promise<Scene> {
  const world = new FakeWorld();
  const network = new FakeStrangerNetwork();
  world.strangers = network;
  const [node] = world.pair();
  node.service.download(`${magnet}&tr=${encodeURIComponent(URL_A)}`);
  node.worker.progress(infoHash, { state, doneBytes: state === 'seeding' ? 100 : 0 });
  await settle();
  const [tracker] = network.trackers as [FakeTracker];
  tracker.open();
  await settle();
  tracker.say({ interval: 120 });
  return { world, node, network, tracker };
}

/** What the worker of a node was asked of one kind. */
export const of = <K extends WorkerRequest['kind']>(node: FakeNode, kind: K): Extract<WorkerRequest, { kind: K }>[] =>
  node.worker.requests.filter((request): request is Extract<WorkerRequest, { kind: K }> => request.kind === kind);
