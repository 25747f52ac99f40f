import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chord, layoutRing, RING_RADIUS, RING_SIZE, type RingPeer } from './ring-layout.ts';

const CENTRE = RING_SIZE / 2;

function peer(start: string, kind: RingPeer['kind'] = 'direct'): RingPeer {
  return { id: start.padEnd(40, '0'), kind };
}

describe('the ring', () => {
  it('puts id 0 at the top, and a quarter of the id space a quarter turn clockwise', () => {
    const [top, right] = layoutRing([peer('0'), peer('4')]);
    expect(top?.x).toBeCloseTo(CENTRE);
    expect(top?.y).toBeCloseTo(CENTRE - RING_RADIUS);
    expect(right?.x).toBeCloseTo(CENTRE + RING_RADIUS);
    expect(right?.y).toBeCloseTo(CENTRE);
  });

  it('keeps the own dot on the outer circle and moves a neighbour with nearly the same id inwards', () => {
    const [self, neighbour] = layoutRing([peer('80000001'), peer('8', 'self')]);
    expect(self?.kind).toBe('self');
    expect(Math.hypot((self?.x ?? 0) - CENTRE, (self?.y ?? 0) - CENTRE)).toBeCloseTo(RING_RADIUS);
    expect(Math.hypot((neighbour?.x ?? 0) - CENTRE, (neighbour?.y ?? 0) - CENTRE)).toBeLessThan(RING_RADIUS - 10);
  });

  it('draws every peer once, inside the square, wherever the ids fall', () => {
    const hex = fc.array(fc.stringMatching(/^[0-9a-f]{40}$/), { maxLength: 80 });
    fc.assert(
      fc.property(hex, (ids) => {
        const dots = layoutRing(ids.map((id) => ({ id, kind: 'known' as const })));
        expect(dots.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
        for (const { x, y, radius } of dots) {
          expect(Math.min(x, y) - radius).toBeGreaterThan(0);
          expect(Math.max(x, y) + radius).toBeLessThan(RING_SIZE);
        }
      }),
    );
  });

  it('bends long chords towards the centre, and short ones hardly', () => {
    expect(chord({ x: 200, y: 0 }, { x: 200, y: 400 })).toBe('M200 0Q200 200 200 400');
    expect(chord({ x: 0, y: 0 }, { x: 400, y: 0 })).toBe('M0 0Q200 100 400 0');
    expect(chord({ x: 200, y: 20 }, { x: 218, y: 20 })).toBe('M200 20Q208.8 24.5 218 20');
  });
});
