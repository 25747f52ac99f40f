import { beforeEach, expect, test, vi } from 'vitest';
import { contactFromKey } from '../../../../shared/src/ids.ts';
import { MAX_MEDIA_QUEUE, MAX_REMOTE_CANDIDATES } from '../../../../shared/src/limits/calls.ts';
import { encodeCallMessage } from '../../calls/codec.ts';
import { encodeMediaPayload, type MediaPayload } from '../../calls/media-payload.ts';
import type { CallId, CallMessage } from '../../calls/types.ts';
import { useFakeMedia } from './test/fake-media.ts';
import { Mail, Person } from './test/people.ts';

const stranger = contactFromKey(new Uint8Array(32).fill(9));
const both = { audio: true, video: true };
const callId: CallId = '11'.repeat(16);

let mail: Mail;
let bob: Person;
let sequence: number;

useFakeMedia();

beforeEach(() => {
  mail = new Mail();
  bob = new Person(mail, 'Bob', 2);
  sequence = 0;
  say({ kind: 'INVITE', callId, address: bob.self.id, media: both, name: 'Mallory', ageMs: 0 });
});

/** The stranger, who calls Bob, says this. */
function say(message: CallMessage): void {
  bob.service.receive(stranger, encodeCallMessage(message));
}

function negotiate(payload: MediaPayload): void {
  const bytes = encodeMediaPayload(payload);
  if (bytes) say({ kind: 'media', callId, sequence: sequence++, payload: bytes });
}

function offer(fragment: string): void {
  negotiate({ kind: 'offer', sdp: `v=0\r\na=ice-ufrag:${fragment}\r\n` });
}

function candidates(count: number): void {
  const line = { sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'u' };
  const all = Array.from({ length: count }, (_, i) => ({
    ...line,
    candidate: `candidate:1 1 udp 1 192.0.2.1 ${i} typ host`,
  }));
  negotiate({ kind: 'candidates', candidates: all });
}

test('a caller who sends more than the browser gets done is hung up on, not waited for', async () => {
  await mail.clock.advance(0);
  const [connection] = bob.media.connections;
  vi.spyOn(
    connection as object as { setRemoteDescription: () => Promise<void> },
    'setRemoteDescription',
  ).mockReturnValue(new Promise(() => undefined));
  for (let i = 0; i <= MAX_MEDIA_QUEUE + 1; i++) offer('u');
  await mail.clock.advance(0);
  expect(bob.newest).toMatchObject({ state: 'ended', endReason: 'media-failed' });
});

test('a caller names so many candidates at most, and as many anew after each ICE restart', async () => {
  await mail.clock.advance(0);
  offer('first');
  for (let i = 0; i < 10; i++) candidates(32);
  offer('first');
  candidates(32);
  await mail.clock.advance(0);
  expect(bob.media.connections[0]?.candidates).toHaveLength(MAX_REMOTE_CANDIDATES);
  offer('second');
  candidates(32);
  await mail.clock.advance(0);
  expect(bob.media.connections[0]?.candidates).toHaveLength(MAX_REMOTE_CANDIDATES + 32);
  expect(bob.newest.state).toBe('ringing');
});

test('candidates that an offer brings count, too', async () => {
  await mail.clock.advance(0);
  const lines = Array.from({ length: 2 * MAX_REMOTE_CANDIDATES }, () => 'a=candidate:1 1 udp 1 ::1 9 typ host');
  negotiate({ kind: 'offer', sdp: `v=0\r\na=ice-ufrag:u\r\n${lines.join('\r\n')}\r\n` });
  await mail.clock.advance(0);
  expect(bob.newest).toMatchObject({ state: 'ended', endReason: 'media-failed' });
});

test('whoever calls cannot have the browser look a name up: only addresses are taken, and the names that browsers make of them', async () => {
  await mail.clock.advance(0);
  const [connection] = bob.media.connections;
  const taken = vi.spyOn(connection as object as { setRemoteDescription: (_: object) => void }, 'setRemoteDescription');
  const at = (host: string): string => `candidate:1 1 udp 1 ${host} 9 typ host`;
  const hidden = '0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f.local';
  const hosts = ['192.0.2.1', '2001:db8::1', hidden, 'mallory.example', 'printer.local', '192.0.2.1.example'];
  const lines = hosts.map((host) => `a=${at(host)}`);
  negotiate({ kind: 'offer', sdp: `v=0\r\n${lines.join('\n')}\r\na=mid:0\r\n` });
  const tags = { sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'u' };
  negotiate({ kind: 'candidates', candidates: hosts.map((host) => ({ ...tags, candidate: at(host) })) });
  await mail.clock.advance(0);
  const kept = hosts.slice(0, 3);
  const sdp = ['v=0', ...kept.map((host) => `a=${at(host)}`), 'a=mid:0', ''].join('\r\n');
  expect(taken).toHaveBeenCalledWith({ type: 'offer', sdp });
  expect(connection?.candidates).toEqual(kept.map((host) => ({ ...tags, candidate: at(host) })));
});

test('a description of more than one sound and one picture ends the call: each costs the browser a receiver before anybody has answered', async () => {
  await mail.clock.advance(0);
  const sections = (count: number): string => `v=0\r\n${'m=video 9 UDP/TLS/RTP/SAVPF 96\r\n'.repeat(count)}`;
  negotiate({ kind: 'offer', sdp: sections(2) });
  await mail.clock.advance(0);
  expect(bob.newest.state).toBe('ringing');
  negotiate({ kind: 'offer', sdp: sections(3) });
  await mail.clock.advance(0);
  expect(bob.newest).toMatchObject({ state: 'ended', endReason: 'media-failed' });
});
