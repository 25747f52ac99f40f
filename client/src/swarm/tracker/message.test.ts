import fc from 'fast-check';
import { expect, test } from 'vitest';
import { binaryText, utf8Encode } from '../../../../shared/src/bytes.ts';
import { MAX_SDP_BYTES } from '../../../../shared/src/limits/links.ts';
import { MAX_OFFER_ID_LENGTH, MAX_TRACKER_MESSAGE_LENGTH } from '../../../../shared/src/limits/trackers.ts';
import { type Announcer, decodeTrackerMessage, encodeAnnounce, encodeAnswer } from './message.ts';

const ANNOUNCER: Announcer = {
  infoHash: Uint8Array.from({ length: 20 }, (_, i) => 0xf0 + (i % 16)),
  peerId: utf8Encode('-SK0001-abcdefghijkl'),
};
const THEIRS = Uint8Array.from({ length: 20 }, (_, i) => 12 * i);
const STAND = { uploaded: 1, downloaded: 2, left: 3 };

const read = (fields: object): ReturnType<typeof decodeTrackerMessage> =>
  decodeTrackerMessage(
    JSON.stringify({ action: 'announce', info_hash: binaryText(ANNOUNCER.infoHash), ...fields }),
    ANNOUNCER,
  );
const signal = (kind: 'offer' | 'answer', change: object = {}): ReturnType<typeof decodeTrackerMessage> =>
  read({ peer_id: binaryText(THEIRS), offer_id: 'an id', [kind]: { type: kind, sdp: 'v=0' }, ...change });

test('an announce carries ids as binary text, how much is here, and offers', () => {
  const offers = [{ id: THEIRS, sdp: 'v=0' }];
  expect(JSON.parse(encodeAnnounce(ANNOUNCER, STAND, 'started', offers, 'known'))).toEqual({
    action: 'announce',
    info_hash: binaryText(ANNOUNCER.infoHash),
    peer_id: '-SK0001-abcdefghijkl',
    uploaded: 1,
    downloaded: 2,
    left: 3,
    event: 'started',
    numwant: 1,
    offers: [{ offer: { type: 'offer', sdp: 'v=0' }, offer_id: binaryText(THEIRS) }],
    trackerid: 'known',
  });
});

test('an answer names whom it is for and what it answers', () => {
  expect(JSON.parse(encodeAnswer(ANNOUNCER, { peerId: THEIRS, offerId: 'x' }, 'v=0', undefined))).toEqual({
    action: 'announce',
    info_hash: binaryText(ANNOUNCER.infoHash),
    peer_id: '-SK0001-abcdefghijkl',
    to_peer_id: binaryText(THEIRS),
    offer_id: 'x',
    answer: { type: 'answer', sdp: 'v=0' },
  });
});

test('a reply says when to come again, and by what the tracker knows us', () => {
  expect(read({ interval: 120, complete: 1, incomplete: 2, 'tracker id': 'k' })).toEqual({
    ok: true,
    value: { kind: 'reply', intervalMs: 120_000, trackerId: 'k' },
  });
  for (const interval of [0, -1, '120', null, Infinity])
    expect(read({ interval, 'min interval': 60 })).toMatchObject({ value: { intervalMs: 60_000 } });
});

test('offers and answers are read with whom they come from', () => {
  for (const kind of ['offer', 'answer'] as const)
    expect(signal(kind)).toEqual({ ok: true, value: { kind, peerId: THEIRS, offerId: 'an id', sdp: 'v=0' } });
});

test('what is wrong with an offer or an answer is found before it is used', () => {
  const wrong: readonly object[] = [
    { peer_id: 'short' },
    { peer_id: `${binaryText(THEIRS.subarray(1))}\u0100` },
    { peer_id: [...THEIRS] },
    { offer_id: '' },
    { offer_id: 'x'.repeat(MAX_OFFER_ID_LENGTH + 1) },
    { offer_id: 7 },
    { offer: 'v=0' },
    { offer: ['v=0'] },
    { offer: { type: 'answer', sdp: 'v=0' } },
    { offer: { type: 'offer', sdp: '' } },
    { offer: { type: 'offer', sdp: 'x'.repeat(MAX_SDP_BYTES + 1) } },
    { offer: { type: 'offer', sdp: { length: 3 } } },
  ];
  for (const change of wrong) expect(signal('offer', change)).toEqual({ ok: false, error: 'malformed' });
});

test('our own offers, other torrents and other actions are not ours', () => {
  expect(signal('offer', { peer_id: binaryText(ANNOUNCER.peerId) })).toEqual({ ok: false, error: 'own' });
  expect(read({ info_hash: 'x'.repeat(20) })).toEqual({ ok: false, error: 'not-ours' });
  expect(read({ action: 'scrape' })).toEqual({ ok: false, error: 'not-ours' });
});

test('a refusal counts with and without the info-hash, in one short line', () => {
  expect(read({ 'failure reason': 'no\n such\u0000torrent' })).toEqual({
    ok: true,
    value: { kind: 'failure', reason: 'no such torrent' },
  });
  const bare = decodeTrackerMessage(JSON.stringify({ 'failure reason': 'x'.repeat(5000) }), ANNOUNCER);
  expect(bare).toMatchObject({ value: { kind: 'failure', reason: 'x'.repeat(120) } });
});

test('what is too long is not parsed, and what is no object is nothing', () => {
  expect(decodeTrackerMessage('['.repeat(MAX_TRACKER_MESSAGE_LENGTH + 1), ANNOUNCER)).toMatchObject({
    error: 'too-long',
  });
  for (const text of [undefined, '', '[]', 'null', '7', '{', '"x"'])
    expect(decodeTrackerMessage(text, ANNOUNCER)).toEqual({ ok: false, error: 'not-json' });
});

test('whatever a tracker sends is read or refused, never thrown at', () => {
  const names = ['action', 'info_hash', 'peer_id', 'offer', 'answer', 'offer_id', 'interval', 'failure reason'];
  const value = fc.oneof(fc.jsonValue(), fc.constant('announce'), fc.constant(binaryText(ANNOUNCER.infoHash)));
  const message = fc.dictionary(fc.constantFrom(...names, '__proto__', 'constructor'), value);
  fc.assert(
    fc.property(fc.oneof(message, fc.jsonValue()), (fields) => {
      const text = JSON.stringify(fields);
      for (const each of [text, text.slice(0, text.length / 2)])
        expect(typeof decodeTrackerMessage(each, ANNOUNCER).ok).toBe('boolean');
    }),
  );
});
