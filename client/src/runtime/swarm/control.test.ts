import { expect, test } from 'vitest';
import { fromHex } from '../../../../shared/src/bytes.ts';
import { nodeIdFromBytes } from '../../../../shared/src/ids.ts';
import { randomBelow, randomBytes, seededRng } from '../../../../shared/src/machine.ts';
import { vector } from '../../../../shared/test/vectors.ts';
import { type SwarmFrame, decodeSwarmFrame, encodeSwarmFrame } from './control.ts';

const infoHash = nodeIdFromBytes(Uint8Array.from({ length: 20 }, (_, i) => i));

const examples: readonly [string, SwarmFrame][] = [
  ['swarm/OPEN', { kind: 'OPEN', id: 16, infoHash }],
  ['swarm/ACCEPT', { kind: 'ACCEPT', id: 16 }],
  ['swarm/REFUSE', { kind: 'REFUSE', id: 16, code: 'paused' }],
];

test.each(examples)('%s of the protocol page is read and written as it stands', (name, frame) => {
  expect(encodeSwarmFrame(frame)).toEqual(vector(name));
  expect(decodeSwarmFrame(vector(name))).toEqual({ ok: true, value: frame });
});

test('every refuse code survives the trip and an unknown one reads as busy', () => {
  for (const code of ['unknown-swarm', 'busy', 'paused'] as const) {
    const frame: SwarmFrame = { kind: 'REFUSE', id: 1023, code };
    expect(decodeSwarmFrame(encodeSwarmFrame(frame))).toEqual({ ok: true, value: frame });
  }
  const newer = fromHex('02030010ff') as Uint8Array;
  expect(decodeSwarmFrame(newer)).toEqual({ ok: true, value: { kind: 'REFUSE', id: 16, code: 'busy' } });
});

test('frames that are cut short or too long are malformed, and types of a newer peer are told apart', () => {
  for (const [name] of examples) {
    const bytes = vector(name);
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeSwarmFrame(bytes.subarray(0, length))).toEqual({ ok: false, error: 'malformed' });
    }
    expect(decodeSwarmFrame(new Uint8Array([...bytes, 0]))).toEqual({ ok: false, error: 'malformed' });
  }
  expect(decodeSwarmFrame(new Uint8Array([2, 9, 1, 2, 3]))).toEqual({ ok: false, error: 'unknown-type' });
  expect(decodeSwarmFrame(new Uint8Array([1, 1, 0, 16]))).toEqual({ ok: false, error: 'malformed' });
});

test('no bytes make the decoder throw, and what it accepts it would have written', () => {
  const rng = seededRng(61);
  let accepted = 0;
  for (let run = 0; run < 120_000; run++) {
    const bytes = run % 2 === 0 ? randomBytes(rng, randomBelow(rng, 40)) : vectorMutant(run, rng);
    const decoded = decodeSwarmFrame(bytes);
    if (!decoded.ok) continue;
    accepted++;
    const again = decodeSwarmFrame(encodeSwarmFrame(decoded.value));
    if (JSON.stringify(again) !== JSON.stringify(decoded)) throw new Error(`not stable: ${[...bytes].join(' ')}`);
  }
  expect(accepted).toBeGreaterThan(1000);
});

const originals = examples.map(([name]) => vector(name));
const original = (n: number): Uint8Array => originals[n % originals.length] ?? new Uint8Array(0);

function vectorMutant(run: number, rng: ReturnType<typeof seededRng>): Uint8Array {
  const bytes = original(run).slice();
  for (let i = randomBelow(rng, 3); i >= 0; i--) bytes[randomBelow(rng, bytes.length)] = randomBelow(rng, 256);
  return randomBelow(rng, 4) === 0 ? bytes.subarray(0, randomBelow(rng, bytes.length)) : bytes;
}
