import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromHex, toHex } from '../../../../shared/src/bytes.ts';
import { MAX_MAIL_BYTES, MAX_SDP_CANDIDATES } from '../../../../shared/src/limits/links.ts';
import { randomBelow, seededRng } from '../../../../shared/src/machine.ts';
import { vector } from '../../../../shared/test/vectors.ts';
import { findSdpFault, parseFingerprint } from '../../adapters/browser/sdp.ts';
import { MAX_MAIL_PAYLOAD_BYTES } from '../mail.ts';
import { isPacked, packDescription, unpackDescription } from './packed-description.ts';
import { decodeSignal, encodeSignal } from './signal-codec.ts';

const DIGEST = '13:7A:8B:65:DD:E2:FD:DA:8C:FD:28:DB:99:3C:55:D9:81:5A:72:0F:4B:DB:BD:0A:05:02:27:1E:92:31:4C:EB';

/** What Chromium 156 says of a connection for data, with an address that a STUN server told it. */
const CHROMIUM = `v=0
o=- 6378075998380684849 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=extmap-allow-mixed
a=msid-semantic: WMS
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=candidate:3374823108 1 udp 2113937151 2856695c-0e6a-467a-b409-4767b67be382.local 53575 typ host generation 0 network-cost 999
a=candidate:3461732980 1 udp 2113942271 10e96249-e22c-4947-a366-26d162768949.local 60745 typ host generation 0 network-cost 999
a=candidate:842163049 1 udp 1677732095 203.0.113.7 53575 typ srflx raddr 0.0.0.0 rport 0 generation 0 network-cost 999
a=ice-ufrag:9Y3B
a=ice-pwd:Yx2FMFWEr8qouWS8u2HbUopg
a=ice-options:trickle
a=fingerprint:sha-256 ${DIGEST}
a=setup:actpass
a=mid:0
a=sctp-port:5000
a=max-message-size:262144
`.replaceAll('\n', '\r\n');

/** The same in Firefox's way: fingerprint and options before the section, the candidates' end marked. */
const FIREFOX = `v=0
o=mozilla...THIS_IS_SDPARTA-99.0 1847359502617083349 0 IN IP4 0.0.0.0
s=-
t=0 0
a=sendrecv
a=fingerprint:sha-256 ${DIGEST}
a=group:BUNDLE 0
a=ice-options:trickle
a=msid-semantic:WMS *
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=candidate:0 1 UDP 2122187007 2856695c-0e6a-467a-b409-4767b67be382.local 50406 typ host
a=candidate:3 1 TCP 2105458943 2001:db8::7:1 9 typ host tcptype active
a=candidate:1 1 UDP 1685987327 203.0.113.7 50406 typ srflx raddr 0.0.0.0 rport 0
a=candidate:2 1 UDP 8331263 198.51.100.9 61000 typ relay raddr 198.51.100.9 rport 61000
a=sendrecv
a=end-of-candidates
a=ice-pwd:0123456789abcdef0123456789abcdef
a=ice-ufrag:0a1b2c3d
a=mid:0
a=setup:active
a=sctp-port:5000
a=max-message-size:1073741823
`.replaceAll('\n', '\r\n');

const packed = (sdp: string): Uint8Array => {
  const bytes = packDescription(sdp);
  if (!bytes) throw new Error('the description has no packed form');
  return bytes;
};
const candidatesOf = (sdp: string): string[] =>
  [...sdp.matchAll(/^a=candidate:\S+ (.*)$/gm)].map(([, candidate = '']) => candidate.trim());

test('an offer of Chromium weighs 125 bytes of 836 packed, and 310 sealed', () => {
  expect(CHROMIUM).toHaveLength(836);
  expect(packed(CHROMIUM)).toHaveLength(125);
  const attempt = '0102030405060708';
  const signal = encodeSignal({ kind: 'offer', attempt, purposes: ['overlay'], isSpare: false, sdp: CHROMIUM });
  expect(signal.length + MAX_MAIL_BYTES - MAX_MAIL_PAYLOAD_BYTES).toBe(310);
});

test.each([CHROMIUM, FIREFOX])('what ICE, DTLS and SCTP need arrives: credentials, identity, roles, sizes', (sdp) => {
  const arrived = unpackDescription(packed(sdp)) ?? '';
  expect(findSdpFault(arrived)).toBeUndefined();
  expect(parseFingerprint(arrived)).toEqual(parseFingerprint(sdp));
  const needed = /^a=(?:ice-ufrag|ice-pwd|ice-options|setup|mid|sctp-port|max-message-size|end-of-candidates).*$/gm;
  expect(new Set(arrived.match(needed))).toEqual(new Set(sdp.match(needed)));
});

test('candidates arrive with address, port, priority and type, and without what only their owner uses', () => {
  expect(candidatesOf(unpackDescription(packed(FIREFOX)) ?? '')).toEqual([
    '1 udp 2122187007 2856695c-0e6a-467a-b409-4767b67be382.local 50406 typ host',
    '1 tcp 2105458943 2001:db8:0:0:0:0:7:1 9 typ host tcptype active',
    '1 udp 1685987327 203.0.113.7 50406 typ srflx raddr 0.0.0.0 rport 9',
    '1 udp 8331263 198.51.100.9 61000 typ relay raddr 0.0.0.0 rport 9',
  ]);
});

test('what has no place in a packed description goes as text', () => {
  const replaced = (from: string | RegExp, to: string): Uint8Array | undefined =>
    packDescription(CHROMIUM.replace(from, to));
  const others = [
    replaced('a=mid:0', 'a=mid:data'),
    replaced('sha-256', 'sha-512'),
    replaced('a=setup:actpass', 'a=setup:holdconn'),
    replaced('a=sctp-port:5000', 'a=sctp-port:5001'),
    replaced('203.0.113.7', 'turn.example.org'),
    replaced('203.0.113.7', '203.0.113.256'),
    replaced(' 1 udp 1677732095', ' 2 udp 1677732095'),
    replaced('a=ice-ufrag:9Y3B', 'a=ice-ufrag:9Y3B\r\na=ice-lite'),
    replaced('m=application 9', 'm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nm=application 9'),
    replaced(/(a=candidate:8.*\r\n)/, '$1'.repeat(MAX_SDP_CANDIDATES)),
    packDescription('v=0\r\n'),
  ];
  expect(others).toEqual(others.map(() => undefined));
  const signal = {
    kind: 'answer',
    attempt: '0102030405060708',
    sdp: CHROMIUM.replace('a=mid:0', 'a=mid:data'),
  } as const;
  expect(decodeSignal(encodeSignal(signal))).toEqual({ ok: true, value: signal });
});

test('every address of version 6 arrives as the same address', () => {
  const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), fc.integer({ min: 0, max: 8 }), (groups, at) => {
      const hex = groups.map((each) => each.toString(16));
      const zeros = groups.slice(at).findIndex((each) => each !== 0);
      const run = zeros < 0 ? 8 - at : zeros;
      const short = run === 0 ? hex.join(':') : `${hex.slice(0, at).join(':')}::${hex.slice(at + run).join(':')}`;
      const arrived = unpackDescription(packed(CHROMIUM.replace('203.0.113.7', short))) ?? '';
      expect(candidatesOf(arrived)[2]?.split(' ')[3]).toBe(hex.join(':'));
    }),
  );
});

test('one description has one packed form: others, cut ones and ones with something left over are malformed', () => {
  const good = packed(CHROMIUM);
  const changed = (at: number, value: number): Uint8Array => good.map((byte, i) => (i === at ? value : byte));
  const bad = [
    changed(0, 0x13),
    changed(0, 0x00),
    changed(2, 0x0a),
    changed(67, 2),
    changed(67, 255),
    changed(68, 0x0c),
    changed(68, 0x48),
    Uint8Array.of(...good, 0),
    ...Array.from({ length: good.length }, (_, length) => good.subarray(0, length)),
  ];
  expect(bad.map(unpackDescription)).toEqual(bad.map(() => undefined));
});

test('10,000 mutated descriptions are refused, or read as one that packs to the same bytes', () => {
  const rng = seededRng(4);
  const good = [packed(CHROMIUM), packed(FIREFOX)];
  let readCount = 0;
  for (let i = 0; i < 10_000; i++) {
    const bytes = (good[i % 2] as Uint8Array).slice();
    for (let j = randomBelow(rng, 4); j > 0; j--) bytes[randomBelow(rng, bytes.length)] = rng.nextUint32();
    const sdp = isPacked(bytes) ? unpackDescription(bytes) : undefined;
    if (sdp === undefined) continue;
    readCount++;
    if (toHex(packed(sdp)) !== toHex(bytes)) throw new Error(`${toHex(bytes)} packs otherwise`);
    if (findSdpFault(sdp) !== undefined) throw new Error(`${toHex(bytes)} is no description`);
  }
  expect(readCount).toBeGreaterThan(2_000);
});

test('links/OFFER-PACKED is what the protocol page shows', () => {
  const sdp = unpackDescription(packed(CHROMIUM)) as string;
  const signal = { kind: 'offer', attempt: '0102030405060708', purposes: ['overlay'], isSpare: false, sdp } as const;
  expect(encodeSignal(signal)).toEqual(vector('links/OFFER-PACKED'));
  expect(decodeSignal(vector('links/OFFER-PACKED'))).toEqual({ ok: true, value: signal });
  expect(fromHex(toHex(vector('links/OFFER-PACKED')))).toHaveLength(137);
});
