import { beforeEach, describe, expect, test } from 'vitest';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import {
  ANSWER_SHARE,
  MAX_METADATA_COPIES_PER_SECOND,
  MAX_QUEUED_HASHES,
  MAX_SEND_BYTES,
  PAUSED_ANSWER_BYTES_PER_SECOND,
  TORRENT_TICK_MS,
} from '../../../shared/src/limits/swarm.ts';
import { OUR_METADATA_ID, decodeMetadataMessage, encodeExtendedHandshake, encodeMetadataRequest } from './extension.ts';
import { HashTrees } from './hash-trees.ts';
import { at } from './test/at.ts';
import { Bench, blocks } from './test/bench.ts';
import { makeContent } from './test/lab.ts';
import type { TorrentOutput } from './types.ts';
import type { FileHashRange, WireWriter } from './wire.ts';

/** 512 pieces of one block: 16 KiB of hashes that are known, and 10 KiB of metadata. */
const CONTENT = makeContent(4, [512 * BLOCK_BYTES], BLOCK_BYTES, 'hybrid');
const { piecesRoot } = at(new HashTrees(CONTENT.metainfo).files, 0);
const LIMIT = 64 * 1024;
const STEP_MS = 50;
const RUN_MS = 10_000;
const AN_ANSWER = BLOCK_BYTES + 100;

const hashes = (index: number, length = 512): FileHashRange => {
  return { piecesRoot, baseLayer: 0, index, length, proofLayers: 0 };
};
const metadata = (writer: WireWriter): WireWriter => writer.extended(OUR_METADATA_ID, encodeMetadataRequest(0));

let bench: Bench;

beforeEach(() => {
  bench = new Bench('seed', CONTENT);
  bench.input({ kind: 'deadline' });
  bench.messages(bench.greet());
  bench.messages(bench.receive((writer) => writer.extended(0, encodeExtendedHandshake(undefined)).haveNone()));
});

function setLimit(upBytesPerSecond: number | undefined): TorrentOutput[] {
  return bench.input({
    kind: 'command',
    command: { kind: 'setLimits', downBytesPerSecond: undefined, upBytesPerSecond },
  });
}

function setPaused(isPaused: boolean): TorrentOutput[] {
  return bench.input({ kind: 'command', command: { kind: 'setPaused', isPaused } });
}

/** What of this is answers, one word each. */
function answers(out: readonly TorrentOutput[]): string[] {
  return bench.messages(out).flatMap((message) => {
    if (message.kind !== 'extended') return message.kind.startsWith('hash') ? [message.kind] : [];
    const answer = decodeMetadataMessage(message.payload);
    return typeof answer === 'string' ? [] : [answer.kind];
  });
}

const ask = (range: FileHashRange): string[] => answers(bench.receive((writer) => writer.hashRequest(range)));
const askMetadata = (): string[] => answers(bench.receive(metadata));

/** The peer asks again and again. Returns what it was sent, small talk left out, and blocks. [bytes] */
function insist(write: (writer: WireWriter) => WireWriter): { answered: number; served: number } {
  let [answered, served] = [0, 0];
  const count = (out: readonly TorrentOutput[]): void => {
    served += blocks(out) * BLOCK_BYTES;
    for (const output of out) if (output.kind === 'send' && output.bytes.length > 1000) answered += output.bytes.length;
  };
  for (const end = bench.now + RUN_MS; bench.now < end; bench.now += STEP_MS) {
    for (let due = bench.torrent.nextDeadline(); due && due.at <= bench.now; due = bench.torrent.nextDeadline())
      count(bench.input({ kind: 'deadline' }));
    count(bench.receive(write));
  }
  return { answered, served };
}

const everything = (writer: WireWriter): WireWriter => {
  for (let i = 0; i < 4; i++) metadata(writer).hashRequest(hashes(0)).hashRequest(hashes(256, 256));
  return writer;
};

test('without a limit, and not paused, every answer goes at once', () => {
  expect([...ask(hashes(0)), ...askMetadata(), ...ask(hashes(0))]).toEqual(['hashes', 'data', 'hashes']);
});

describe('under an upload limit', () => {
  beforeEach(() => setLimit(LIMIT));

  test('metadata and hashes take their share of it and no more, however often they are asked for', () => {
    const { answered } = insist(everything);
    const share = (LIMIT * ANSWER_SHARE * RUN_MS) / 1000;
    expect(answered).toBeGreaterThan(0.9 * share);
    expect(answered).toBeLessThan(share + AN_ANSWER + MAX_SEND_BYTES);
  });

  test('what they take is not there for blocks, which have the rest of it', () => {
    bench.messages(bench.receive((writer) => writer.interested()));
    const { answered, served } = insist((writer) =>
      metadata(writer).request(0, 0, BLOCK_BYTES).request(1, 0, BLOCK_BYTES),
    );
    const most = (LIMIT * RUN_MS) / 1000;
    expect(served).toBeGreaterThan(0.9 * (1 - ANSWER_SHARE) * most);
    expect(answered + served).toBeGreaterThan(0.9 * most);
    expect(answered + served).toBeLessThan(most + BLOCK_BYTES + AN_ANSWER);
  });

  test('the first answer waits for nothing, the next one until it is paid for, and all go when the limit is lifted', () => {
    expect(askMetadata()).toEqual(['data']);
    expect([...ask(hashes(0)), ...askMetadata()]).toEqual([]);
    const due = bench.torrent.nextDeadline();
    bench.now = due?.at ?? 0;
    expect(bench.now).toBeLessThan(1000);
    expect(answers(bench.input({ kind: 'deadline' }))).toEqual(['hashes']);
    expect(answers(setLimit(undefined))).toEqual(['data']);
  });

  test('what is asked for again while it waits is sent once', () => {
    ask(hashes(0));
    for (let i = 0; i < 3; i++) expect([...ask(hashes(0)), ...askMetadata()]).toEqual([]);
    expect(answers(setLimit(undefined))).toEqual(['hashes', 'data']);
  });

  test('hash requests beyond those that may wait are refused', () => {
    ask(hashes(0));
    for (let i = 0; i < MAX_QUEUED_HASHES; i++) expect(ask(hashes(2 * i, 2))).toEqual([]);
    expect(ask(hashes(2 * MAX_QUEUED_HASHES, 2))).toEqual(['hashReject']);
  });

  test('blocks wait for the hashes that were asked for before them', () => {
    bench.messages(bench.receive((writer) => writer.interested()));
    ask(hashes(0));
    bench.now = 100;
    const out = bench.receive((writer) => writer.hashRequest(hashes(0, 2)).request(0, 0, BLOCK_BYTES));
    expect([answers(out), blocks(out)]).toEqual([[], 0]);
    const kinds = setLimit(undefined).map((output) => (output.kind === 'run' ? output.run.kind : output.kind));
    expect(kinds).toEqual(['send', 'sendBlock']);
  });

  test('a channel that must drain is sent no answers that wait until it has', () => {
    ask(hashes(0));
    ask(hashes(256, 256));
    bench.input({ kind: 'congested', peer: bench.peer });
    expect(answers(setLimit(undefined))).toEqual([]);
    expect(answers(bench.input({ kind: 'writable', peer: bench.peer }))).toEqual(['hashes']);
  });
});

test('a paused torrent still says what there is, but slowly, and what waits goes when it is resumed', () => {
  setPaused(true);
  const { answered } = insist(everything);
  expect(answered).toBeLessThan((PAUSED_ANSWER_BYTES_PER_SECOND * RUN_MS) / 1000 + AN_ANSWER + MAX_SEND_BYTES);
  expect(answered).toBeGreaterThan(0.9 * ((PAUSED_ANSWER_BYTES_PER_SECOND * RUN_MS) / 1000));
  ask(hashes(0, 256));
  expect(answers(setPaused(false))).toContain('hashes');
});

test('a peer that asks for the metadata again and again is refused until the second is over', () => {
  for (let i = 0; i < MAX_METADATA_COPIES_PER_SECOND; i++) expect(askMetadata()).toEqual(['data']);
  expect(askMetadata()).toEqual(['reject']);
  bench.now = TORRENT_TICK_MS;
  bench.input({ kind: 'deadline' });
  expect(askMetadata()).toEqual(['data']);
});
