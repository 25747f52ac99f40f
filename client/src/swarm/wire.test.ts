import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes, fromHex } from '../../../shared/src/bytes.ts';
import { MAX_EXTENDED_BYTES, MAX_HASHES_PER_MESSAGE, MAX_REQUEST_BYTES } from '../../../shared/src/limits/swarm.ts';
import { randomBelow, seededRng } from '../../../shared/src/machine.ts';
import { vector } from '../../../shared/test/vectors.ts';
import {
  decodeExtendedHandshake,
  decodeMetadataMessage,
  encodeExtendedHandshake,
  encodeMetadataDataHeader,
  encodeMetadataReject,
  encodeMetadataRequest,
} from './extension.ts';
import { mutate } from './test/fuzz.ts';
import { WireDecoder } from './wire-decoder.ts';
import { type WireMessage, WireWriter, encodePieceHeader } from './wire.ts';
import { at } from './test/at.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const infoHash = Uint8Array.from({ length: 20 }, (_, i) => i);
const peerId = Uint8Array.from({ length: 20 }, (_, i) => 0xa0 + i);
const hello = bytes(0x68, 0x65, 0x6c, 0x6c, 0x6f);
const HANDSHAKE = vector('wire/HANDSHAKE');
/** Two leaves of a file and one uncle. */
const range = {
  piecesRoot: Uint8Array.from({ length: 32 }, (_, i) => 0xc0 + i),
  baseLayer: 0,
  index: 4,
  length: 2,
  proofLayers: 1,
};
const run = Uint8Array.from({ length: 96 }, (_, i) => 0x11 * (1 + (i >> 5)));

/** Every message with the name of its worked example. */
const MESSAGES: readonly (readonly [string, WireMessage, (writer: WireWriter) => WireWriter])[] = [
  ['KEEP_ALIVE', { kind: 'keepAlive' }, (w) => w.keepAlive()],
  ['CHOKE', { kind: 'choke' }, (w) => w.choke()],
  ['UNCHOKE', { kind: 'unchoke' }, (w) => w.unchoke()],
  ['INTERESTED', { kind: 'interested' }, (w) => w.interested()],
  ['NOT_INTERESTED', { kind: 'notInterested' }, (w) => w.notInterested()],
  ['HAVE_ALL', { kind: 'haveAll' }, (w) => w.haveAll()],
  ['HAVE_NONE', { kind: 'haveNone' }, (w) => w.haveNone()],
  ['HAVE', { kind: 'have', piece: 258 }, (w) => w.have(258)],
  ['SUGGEST', { kind: 'suggest', piece: 258 }, (w) => w.suggest(258)],
  ['ALLOWED_FAST', { kind: 'allowedFast', piece: 258 }, (w) => w.allowedFast(258)],
  ['BITFIELD', { kind: 'bitfield', bits: bytes(0x81, 0x40) }, (w) => w.bitfield(bytes(0x81, 0x40))],
  ['REQUEST', { kind: 'request', piece: 3, begin: 32768, length: 16384 }, (w) => w.request(3, 32768, 16384)],
  ['CANCEL', { kind: 'cancel', piece: 3, begin: 32768, length: 16384 }, (w) => w.cancel(3, 32768, 16384)],
  ['REJECT', { kind: 'reject', piece: 3, begin: 32768, length: 16384 }, (w) => w.reject(3, 32768, 16384)],
  ['HASH_REQUEST', { kind: 'hashRequest', ...range }, (w) => w.hashRequest(range)],
  ['HASH_REJECT', { kind: 'hashReject', ...range }, (w) => w.hashReject(range)],
  ['HASHES', { kind: 'hashes', ...range, hashes: run }, (w) => w.hashes(range, run.subarray(0, 64), run.subarray(64))],
  ['PIECE', { kind: 'piece', piece: 3, begin: 32768, bytes: hello }, (w) => w.piece(3, 32768, hello)],
];

const extended = (name: string): Uint8Array => vector(`wire/${name}`).subarray(6);

/** Decodes a whole stream that is given in parts of random length. */
function decodeInParts(stream: Uint8Array, cuts: () => number): { messages: WireMessage[]; error: string | undefined } {
  const decoder = new WireDecoder();
  const messages: WireMessage[] = [];
  let error: string | undefined;
  for (let at = 0; at < stream.length;) {
    const length = Math.max(1, cuts());
    error = decoder.push(stream.slice(at, at + length), messages);
    at += length;
  }
  return { messages, error };
}

test('the handshake is the worked example, and is read back', () => {
  expect(new WireWriter().handshake(infoHash, peerId).take()).toEqual(HANDSHAKE);
  const { messages } = decodeInParts(HANDSHAKE, () => 68);
  expect(messages).toEqual([{ kind: 'handshake', infoHash, peerId, hasFast: true, hasExtended: true, hasV2: true }]);
});

for (const [name, message, write] of MESSAGES) {
  test(`${name} is the worked example, and is read back`, () => {
    const encoded = write(new WireWriter()).take();
    expect(encoded).toEqual(vector(`wire/${name}`));
    expect(decodeInParts(concatBytes(HANDSHAKE, encoded), () => 1000).messages.slice(1)).toEqual([message]);
  });
}

test('any messages written together are read back, wherever the buffer had to grow', () => {
  const extension: WireMessage = { kind: 'extended', id: 7, payload: bytes(2) };
  const more = [['EXTENDED', extension, (w: WireWriter) => w.extended(7, bytes(2))]] as const;
  for (const [name, message, write] of [...MESSAGES, ...more]) {
    for (let before = 0; before < 600; before++) {
      // Keep-alives of four bytes and an extension of seven: every alignment.
      const writer = new WireWriter().raw(HANDSHAKE).raw(new Uint8Array(4 * (before >> 2)));
      for (let odd = 0; odd < before % 4; odd++) writer.extended(1, bytes(0));
      const stream = write(writer).take();
      expect([name, decodeInParts(stream, () => stream.length).messages.at(-1)]).toEqual([name, message]);
    }
  }
});

test('the extension handshake and the metadata messages are the worked examples', () => {
  const info = vector('wire/INFO');
  expect(new WireWriter().extended(0, encodeExtendedHandshake(info.length)).take()).toEqual(
    vector('wire/EXTENDED_HANDSHAKE'),
  );
  expect(new WireWriter().extended(1, encodeMetadataRequest(0)).take()).toEqual(vector('wire/METADATA_REQUEST'));
  expect(new WireWriter().extended(1, encodeMetadataDataHeader(0, info.length), info).take()).toEqual(
    vector('wire/METADATA_DATA'),
  );
  expect(new WireWriter().extended(1, encodeMetadataReject(0)).take()).toEqual(vector('wire/METADATA_REJECT'));
  expect(decodeExtendedHandshake(extended('EXTENDED_HANDSHAKE'))).toEqual({
    metadataId: 1,
    exchangeId: 2,
    metadataSize: info.length,
    maxRequests: 2000,
    program: 'Skein 0.1',
  });
  expect(decodeMetadataMessage(extended('METADATA_REQUEST'))).toEqual({ kind: 'request', block: 0 });
  expect(decodeMetadataMessage(extended('METADATA_REJECT'))).toEqual({ kind: 'reject', block: 0 });
  expect(decodeMetadataMessage(extended('METADATA_DATA'))).toEqual({
    kind: 'data',
    block: 0,
    totalSize: info.length,
    bytes: info,
  });
});

test('the header of a block is the beginning of its message', () => {
  expect(concatBytes(encodePieceHeader(3, 32768, 5), hello)).toEqual(vector('wire/PIECE'));
});

test('however a stream is cut, the same messages come out of it', () => {
  const message = fc.nat(MESSAGES.length - 1).map((index) => at(MESSAGES, index));
  fc.assert(
    fc.property(fc.array(message, { maxLength: 30 }), fc.nat(), (list, seed) => {
      const rng = seededRng(seed);
      const stream = concatBytes(HANDSHAKE, ...list.map(([name]) => vector(`wire/${name}`)));
      const { messages, error } = decodeInParts(stream, () => randomBelow(rng, 30));
      expect(error).toBeUndefined();
      expect(messages.slice(1)).toEqual(list.map(([, each]) => each));
    }),
  );
});

test('a block that lies whole in an input is not copied', () => {
  const input = concatBytes(HANDSHAKE, vector('wire/PIECE'));
  const messages: WireMessage[] = [];
  new WireDecoder().push(input, messages);
  const block = messages[1];
  expect(block?.kind === 'piece' && block.bytes.buffer === input.buffer).toBe(true);
});

test('a stream that does not begin with the header is refused at its first wrong byte', () => {
  expect(new WireDecoder().push(bytes(0x13, 0x41), [])).toBe('not-bittorrent');
});

test('lengths that do not fit are refused before anything is kept', () => {
  const error = (hex: string): string | undefined =>
    new WireDecoder().push(concatBytes(HANDSHAKE, fromHex(hex) ?? new Uint8Array(0)), []);
  expect(error('0000000200')).toBe('bad-length');
  expect(error('0000000404')).toBe('bad-length');
  expect(error('ffffffff06')).toBe('bad-length');
  expect(error('0000000807')).toBe('bad-length');
  expect(error('ffffffff07')).toBe('too-long');
  expect(error('ffffffff05')).toBe('too-long');
  expect(error('ffffffff63')).toBe('too-long');
  expect(error((9 + MAX_REQUEST_BYTES + 1).toString(16).padStart(8, '0') + '07')).toBe('too-long');
  expect(error((9 + MAX_REQUEST_BYTES).toString(16).padStart(8, '0') + '07')).toBeUndefined();
  expect(error('0000003015')).toBe('bad-length');
  expect(error('0000003216')).toBe('bad-length');
  expect(error('0000003116')).toBeUndefined();
  expect(error((49 + 32 * (MAX_HASHES_PER_MESSAGE + 1)).toString(16).padStart(8, '0') + '16')).toBe('too-long');
  expect(error((2 + MAX_EXTENDED_BYTES + 1).toString(16).padStart(8, '0') + '14')).toBe('too-long');
});

test('after an error a decoder stays in error', () => {
  const decoder = new WireDecoder();
  const messages: WireMessage[] = [];
  decoder.push(concatBytes(HANDSHAKE, bytes(0, 0, 0, 2, 0)), messages);
  expect(decoder.push(vector('wire/CHOKE'), messages)).toBe('bad-length');
  expect(messages).toHaveLength(1);
});

test('a message of an unknown kind is skipped, counted and not kept', () => {
  const decoder = new WireDecoder();
  const messages: WireMessage[] = [];
  const unknown = concatBytes(bytes(0, 0, 0, 5, 99, 1, 2, 3, 4), bytes(0, 0, 0, 1, 98));
  for (const byte of concatBytes(HANDSHAKE, unknown, vector('wire/UNCHOKE'))) decoder.push(bytes(byte), messages);
  expect(messages.slice(1)).toEqual([{ kind: 'unchoke' }]);
  expect(decoder.ignored).toBe(2);
});

test('100,000 hostile streams do not throw, and no message breaks the bounds', () => {
  const rng = seededRng(6);
  const samples = [
    ...MESSAGES.map(([name]) => vector(`wire/${name}`)),
    vector('wire/METADATA_DATA'),
    vector('wire/EXTENDED_HANDSHAKE'),
  ];
  let decoded = 0;
  for (let i = 0; i < 100_000; i++) {
    const stream = concatBytes(
      i % 50 === 0 ? mutate(rng, [HANDSHAKE]) : HANDSHAKE,
      mutate(rng, samples),
      mutate(rng, samples),
    );
    const { messages } = decodeInParts(stream, () => (i % 2 === 0 ? stream.length : randomBelow(rng, 40)));
    decoded += messages.length;
    for (const message of messages) {
      if (message.kind === 'extended' && message.payload.length > MAX_EXTENDED_BYTES) throw new Error('too long');
    }
  }
  expect(decoded).toBeGreaterThan(150_000);
});

test('100,000 hostile extension payloads do not throw', () => {
  const rng = seededRng(7);
  const samples = ['EXTENDED_HANDSHAKE', 'METADATA_REQUEST', 'METADATA_DATA', 'METADATA_REJECT'].map(extended);
  let accepted = 0;
  for (let i = 0; i < 100_000; i++) {
    const payload = mutate(rng, samples);
    if (decodeExtendedHandshake(payload)) accepted++;
    if (typeof decodeMetadataMessage(payload) !== 'string') accepted++;
  }
  expect(accepted).toBeGreaterThan(1000);
});
