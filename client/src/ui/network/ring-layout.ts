import { idFraction } from '../view/people.ts';

/** What the ring draws for one peer. */
export interface RingPeer {
  readonly id: string;
  /**
   * self: this node. direct, relayed: a live link. virtual: linked through neighbours. known: in the table without a
   * link. passed: only named by a lookup that is drawn.
   */
  readonly kind: 'self' | 'direct' | 'relayed' | 'virtual' | 'known' | 'passed';
}

/** A point of the drawing, in its own units. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A placed peer. */
export interface RingDot extends RingPeer, Point {
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
const DOT_RADIUS = { self: 15, direct: 11.5, relayed: 11.5, virtual: 7, known: 5, passed: 4 } as const;

/** Who is placed first, and so stays on the outer lanes: what comes and goes moves nobody. */
const ORDER = { self: 0, direct: 1, relayed: 1, virtual: 2, known: 3, passed: 4 } as const;

/**
 * Places peers on a circle: the angle is the top 32 bits of the id, clockwise from the top, so that two people see
 * the same ring. Peers too close to each other step inwards, at most to the innermost lane, where they may overlap.
 */
export function layoutRing(peers: readonly RingPeer[]): readonly RingDot[] {
  const lanes: Point[][] = Array.from({ length: LANES }, () => []);
  const sorted = peers.toSorted((a, b) => ORDER[a.kind] - ORDER[b.kind] || (a.id < b.id ? -1 : 1));
  return sorted.map((peer) => {
    let lane = 0;
    let point = ringPoint(peer.id);
    while (lane < LANES - 1 && isTaken(lanes, point)) {
      lane += 1;
      point = ringPoint(peer.id, lane * LANE_STEP);
    }
    lanes[lane]?.push(point);
    return { ...peer, ...point, radius: DOT_RADIUS[peer.kind] };
  });
}

/** The place of an id or key on the ring; `inwards` moves it from the outer circle towards the centre. */
export function ringPoint(id: string, inwards = 0): Point {
  const angle = idFraction(id) * 2 * Math.PI;
  const radius = RING_RADIUS - inwards;
  return { x: RING_SIZE / 2 + radius * Math.sin(angle), y: RING_SIZE / 2 - radius * Math.cos(angle) };
}

/** A chord between two dots, bent towards the centre so that many of them fan out. As an SVG path. */
export function chord(from: Point, to: Point): string {
  const centre = RING_SIZE / 2;
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  // Neighbours are joined by nearly a straight line: bent as far as the others it would be a loop.
  const bend = 1 - 0.5 * Math.min(1, length / (2 * RING_RADIUS));
  const x = centre + ((from.x + to.x) / 2 - centre) * bend;
  const y = centre + ((from.y + to.y) / 2 - centre) * bend;
  return `M${round(from.x)} ${round(from.y)}Q${round(x)} ${round(y)} ${round(to.x)} ${round(to.y)}`;
}

function isTaken(lanes: readonly (readonly Point[])[], { x, y }: Point): boolean {
  return lanes.some((lane) => lane.some((dot) => Math.hypot(dot.x - x, dot.y - y) < MIN_GAP));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
