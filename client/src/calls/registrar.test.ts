import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from '../../../shared/src/bytes.ts';
import { nodeIdFromBytes, type NodeId } from '../../../shared/src/ids.ts';
import { MAX_DEVICES, MAX_LOCATION_BYTES } from '../../../shared/src/limits/calls.ts';
import { randomBelow, randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { vector } from '../../../shared/test/vectors.ts';
import { decodeLocation, encodeLocation, locationKey, type Location } from './registrar.ts';

const one = '0000000000000000000000000000000000000001' as NodeId;
const last = 'ffffffffffffffffffffffffffffffffffffffff' as NodeId;
const example: Location = { devices: [one, last], capabilities: { audio: true, video: true }, name: 'Amber Otter' };

test('a location is written, read and found under the key that the protocol page shows', () => {
  expect(toHex(encodeLocation(example))).toBe(toHex(vector('calls/location')));
  expect(decodeLocation(vector('calls/location'))).toEqual(example);
  expect(locationKey(one)).toBe('29776cc9daa9d72e247720982656d86c0f61e5d3');
});

test('any location of one to eight devices comes back as it was, within a record of the overlay', () => {
  const device = fc.uint8Array({ minLength: 20, maxLength: 20 }).map(nodeIdFromBytes);
  const devices = fc.uniqueArray(device, { minLength: 1, maxLength: MAX_DEVICES });
  fc.assert(
    fc.property(devices, fc.boolean(), fc.boolean(), fc.string({ maxLength: 16 }), (ids, audio, video, name) => {
      const location: Location = { devices: ids, capabilities: { audio, video }, name };
      const bytes = encodeLocation(location);
      expect(bytes.length).toBeLessThanOrEqual(MAX_LOCATION_BYTES);
      expect(decodeLocation(bytes)).toEqual(location);
    }),
  );
});

test('no device, nine devices, one device twice, and an empty record are refused', () => {
  const nine = Array.from({ length: 9 }, (_, i) => `${'0'.repeat(39)}${i}` as NodeId);
  for (const devices of [[], nine, [one, one]]) {
    expect(decodeLocation(encodeLocation({ ...example, devices }))).toBeUndefined();
  }
  expect(decodeLocation(new Uint8Array(0))).toBeUndefined();
});

test('100,000 random and mutated locations decode without a throw', () => {
  const rng = seededRng(3);
  const seed = encodeLocation(example);
  let decodedCount = 0;
  for (let i = 0; i < 100_000; i++) {
    const bytes = i % 4 === 0 ? randomBytes(rng, randomBelow(rng, 80)) : seed.slice();
    if (bytes.length > 0) bytes[randomBelow(rng, bytes.length)] = randomBelow(rng, 256);
    const location = decodeLocation(bytes);
    if (!location) continue;
    decodedCount++;
    expect(location.devices.length).toBeLessThanOrEqual(MAX_DEVICES);
  }
  expect(decodedCount).toBeGreaterThan(1000);
});
