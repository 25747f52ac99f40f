import { idFraction } from '../view/people.ts';

/** What the ring draws for one peer. */
export interface RingPeer {
  readonly id: string;
  /** self: this node. direct, relayed: a live link. known: in the table without a link. */
  readonly kind: 'self' | 'direct' | 'relayed' | 'known';
}

/** A placed peer. */
export interface RingDot extends RingPeer {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

/** The drawing's square, in units of its own. */
export const RING_SIZE = 400;
/** Radius of the outermost lane. */
export const RING_RADIUS = 180;

/** Distance between the lanes that dots with nearly equal ids move to. */
const LANE_STEP = 24;
const LANES = 4;
/** Dots on one lane keep this distance, centre to centre. */
const MIN_GAP = 25;

/** Radius of a dot, by kind. A link's dot holds two letters. */
const DOT_RADIUS = { self: 15, direct: 11.5, relayed: 11.5, known: 5 } as const;

/**
 * Places peers on a circle: the angle is the top 32 bits of the id, clockwise from the top, so that two people see
 * the same ring. Peers too close to each other step inwards, at most to the innermost lane, where they may overlap.
 */
export function layoutRing(peers: readonly RingPeer[]): readonly RingDot[] {
  const lanes: { x: number; y: number }[][] = Array.from({ length: LANES }, () => []);
  const order = { self: 0, direct: 1, relayed: 1, known: 2 } as const;
  const sorted = peers.toSorted((a, b) => order[a.kind] - order[b.kind] || (a.id < b.id ? -1 : 1));
  return sorted.map((peer) => {
    const angle = idFraction(peer.id) * 2 * Math.PI;
    let lane = 0;
    let point = pointAt(angle, lane);
    while (lane < LANES - 1 && isTaken(lanes, point)) {
      lane += 1;
      point = pointAt(angle, lane);
    }
    lanes[lane]?.push(point);
    return { ...peer, ...point, radius: DOT_RADIUS[peer.kind] };
  });
}

/** A chord between two dots, bent towards the centre so that many of them fan out. As an SVG path. */
export function chord(from: { x: number; y: number }, to: { x: number; y: number }): string {
  const centre = RING_SIZE / 2;
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  // Neighbours are joined by nearly a straight line: bent as far as the others it would be a loop.
  const bend = 1 - 0.5 * Math.min(1, length / (2 * RING_RADIUS));
  const x = centre + ((from.x + to.x) / 2 - centre) * bend;
  const y = centre + ((from.y + to.y) / 2 - centre) * bend;
  return `M${round(from.x)} ${round(from.y)}Q${round(x)} ${round(y)} ${round(to.x)} ${round(to.y)}`;
}

function pointAt(angle: number, lane: number): { x: number; y: number } {
  const radius = RING_RADIUS - lane * LANE_STEP;
  return { x: RING_SIZE / 2 + radius * Math.sin(angle), y: RING_SIZE / 2 - radius * Math.cos(angle) };
}

function isTaken(lanes: readonly { x: number; y: number }[][], { x, y }: { x: number; y: number }): boolean {
  return lanes.some((lane) => lane.some((dot) => Math.hypot(dot.x - x, dot.y - y) < MIN_GAP));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
