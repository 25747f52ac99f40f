import { concatBytes, equalBytes, utf8Encode } from '../../shared/src/bytes.ts';
import { decodeContact } from '../../shared/src/ids.ts';
import { MAX_EXTENDED_BYTES, MAX_HASHES_PER_MESSAGE } from '../../shared/src/limits/swarm.ts';
import { randomBelow } from '../../shared/src/machine.ts';
import { decodeContacts } from '../../shared/src/signaling/contacts.ts';
import { vector, vectorNames } from '../../shared/test/vectors.ts';
import { decodeCallMessage } from '../src/calls/codec.ts';
import { decodeMediaPayload } from '../src/calls/media-payload.ts';
import { decodeLocation } from '../src/calls/registrar.ts';
import { ContactCache } from '../src/overlay/contact-cache.ts';
import { decodeProviders } from '../src/overlay/provider-list.ts';
import * as linkFrames from '../src/overlay/link-frames.ts';
import * as payloads from '../src/overlay/payloads.ts';
import * as recordPayloads from '../src/overlay/record-payloads.ts';
import { decodeReply } from '../src/overlay/reply-frame.ts';
import { decodeRoute } from '../src/overlay/route-frame.ts';
import { decodeSync, decodeSyncAnswer } from '../src/overlay/sync-payloads.ts';
import { decodeLinks } from '../src/overlay/told-links.ts';
import { decodeProbe } from '../src/overlay/virtual-link-probe.ts';
import { parseAddress } from '../src/runtime/address.ts';
import { decodeHandshakeFrame } from '../src/runtime/links/handshake-codec.ts';
import { decodeSignal } from '../src/runtime/links/signal-codec.ts';
import { decodeLetter } from '../src/runtime/mail.ts';
import { decodeSwarmFrame } from '../src/runtime/swarm/control.ts';
import { decodeBencode, encodeBencode, toInput } from '../src/swarm/bencode.ts';
import { decodeExtendedHandshake, decodeMetadataMessage } from '../src/swarm/extension.ts';
import { parseMagnet } from '../src/swarm/magnet.ts';
import { encodeTorrentFile, decodeInfo, decodeTorrentFile } from '../src/swarm/metainfo.ts';
import { isSafeSegment } from '../src/swarm/paths.ts';
import { decodePeerNews } from '../src/swarm/peer-exchange.ts';
import { makeContent } from '../src/swarm/test/lab.ts';
import { WireDecoder } from '../src/swarm/wire-decoder.ts';
import type { WireMessage } from '../src/swarm/wire.ts';
import { signalingTarget } from './signaling-target.ts';
import { type FuzzTarget, decoderTarget } from './target.ts';
import { torrentTarget } from './torrent-target.ts';

const samples = (...families: readonly string[]): Uint8Array[] => families.flatMap(vectorNames).map(vector);
const HANDSHAKE = vector('wire/HANDSHAKE');
const METAINFOS = (['v1', 'hybrid', 'v2'] as const).map(
  (version) => makeContent(1, [40_000, 5, 0], 16 * 1024, version).metainfo,
);
const INFOS = METAINFOS.map(({ infoBytes }) => infoBytes);
const cache = new ContactCache();

/** True when any of the decoders takes the bytes; each of them gets them. */
const any =
  (...decoders: readonly ((bytes: Uint8Array) => unknown)[]) =>
  (bytes: Uint8Array): boolean =>
    decoders.map((decode) => decode(bytes)).some((result) => result !== undefined && result !== 'malformed');

/** As `undefined`, what a decoder refused with a reason. */
const taken = (result: { readonly ok: boolean }): object | undefined => (result.ok ? result : undefined);

/** All of them, in the order in which they run. */
export const TARGETS: readonly FuzzTarget[] = [
  torrentTarget,
  decoderTarget('wire', 3, samples('wire'), (bytes, rng) => {
    const stream = concatBytes(randomBelow(rng, 50) === 0 ? bytes : HANDSHAKE, bytes);
    const decoder = new WireDecoder();
    const messages: WireMessage[] = [];
    const step = randomBelow(rng, 2) === 0 ? stream.length : 1 + randomBelow(rng, 40);
    for (let at = 0; at < stream.length; at += step) decoder.push(stream.slice(at, at + step), messages);
    for (const message of messages) {
      if (message.kind === 'extended' && message.payload.length > MAX_EXTENDED_BYTES) throw new Error('too long');
      if (message.kind === 'hashes' && message.hashes.length > 32 * MAX_HASHES_PER_MESSAGE) throw new Error('too many');
    }
    return messages.length > 1;
  }),
  decoderTarget(
    'extensions',
    1,
    samples('wire').map((bytes) => bytes.subarray(6)),
    any(decodeExtendedHandshake, decodeMetadataMessage, decodePeerNews),
  ),
  decoderTarget('bencode', 1, [...INFOS, utf8Encode('li-12ei0ed0:0:ee'), utf8Encode('d1:ad1:bd1:cleeee')], (bytes) => {
    const decoded = decodeBencode(bytes);
    if (decoded.ok && !equalBytes(encodeBencode(toInput(decoded.value)), bytes))
      throw new Error('two forms of one value');
    return decoded.ok;
  }),
  decoderTarget('metainfo', 1, [...METAINFOS.map(encodeTorrentFile), ...INFOS], (bytes) => {
    const results = [decodeTorrentFile(bytes), decodeInfo(bytes)].flatMap((result) =>
      result.ok ? [result.value] : [],
    );
    for (const { files } of results) {
      if (!files.every(({ path }) => path.length > 0 && path.every(isSafeSegment))) throw new Error('unsafe path');
    }
    return results.length > 0;
  }),
  decoderTarget(
    'magnet',
    1,
    [
      'magnet:?xt=urn:btih:000102030405060708090a0b0c0d0e0f10111213&dn=%C3%BC+x&tr=wss%3A%2F%2Ft.example&so=0,2-5',
      `magnet:?xt=urn:btmh:1220${'ab'.repeat(32)}&xt=urn:btih:ZHQVOY7XELZD5GFCTXWN7LRUDOMNKMCW&ws=https://w`,
    ].map(utf8Encode),
    (bytes) => {
      const text = String.fromCharCode(...bytes);
      return parseMagnet(text).ok || parseAddress(text) !== undefined;
    },
  ),
  decoderTarget(
    'overlay',
    2,
    samples('overlay'),
    any(
      linkFrames.decodePing,
      linkFrames.decodeBye,
      (bytes) => linkFrames.decodeContacts(bytes, cache),
      linkFrames.decodeAck,
      decodeLinks,
      (bytes) => decodeRoute(bytes, cache),
      (bytes) => decodeReply(bytes, cache),
      decodeProbe,
      payloads.decodeFind,
      payloads.decodeGet,
      payloads.decodeRead,
      payloads.decodeToken,
      (bytes) => recordPayloads.decodeRecord(bytes, cache),
      (bytes) => recordPayloads.decodeStore(bytes, cache),
      (bytes) => recordPayloads.decodePublish(bytes, cache),
      (bytes) => recordPayloads.decodeUnpublish(bytes, cache),
      payloads.decodeDeliver,
      (bytes) => payloads.decodeWrittenBack(bytes, cache),
      (bytes) => (decodeProviders(bytes, cache).length > 0 ? bytes : undefined),
      decodeSync,
      decodeSyncAnswer,
    ),
  ),
  decoderTarget(
    'links',
    1,
    samples('links', 'mail', 'swarm', 'identity', 'signaling'),
    any(
      (bytes) => taken(decodeSignal(bytes)),
      (bytes) => taken(decodeHandshakeFrame(bytes)),
      decodeLetter,
      (bytes) => taken(decodeSwarmFrame(bytes)),
      decodeContact,
      decodeContacts,
    ),
  ),
  decoderTarget(
    'calls',
    1,
    samples('calls'),
    any((bytes) => taken(decodeCallMessage(bytes)), decodeMediaPayload, decodeLocation),
  ),
  signalingTarget,
];
