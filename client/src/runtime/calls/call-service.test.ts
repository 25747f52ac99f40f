import { beforeEach, expect, test } from 'vitest';
import { contactFromKey } from '../../../../shared/src/ids.ts';
import { LOCATION_REFRESH_MS, YIELD_PERIOD_MS } from '../../../../shared/src/limits/calls.ts';
import type { Call } from '../../api.ts';
import { decodeLocation, encodeLocation, locationKey } from '../../calls/registrar.ts';
import { useFakeMedia } from './test/fake-media.ts';
import { Mail, Person, silentRecords } from './test/people.ts';

const both = { audio: true, video: true };
const nothing = { audio: false, video: false };

let mail: Mail;
let ann: Person;
let bob: Person;

useFakeMedia();

beforeEach(() => {
  mail = new Mail();
  ann = new Person(mail, 'Ann', 1);
  bob = new Person(mail, 'Bob', 2);
});

/** Lets a promise that waits for virtual time come true. */
async function after<T>(promise: Promise<T>, ms = 2000): Promise<T> {
  promise.catch(() => undefined);
  await mail.clock.advance(ms);
  return promise;
}

function states(call: Call): string[] {
  const seen: string[] = [call.state];
  call.on('state', (state) => seen.push(state));
  return seen;
}

test('a call rings with the caller’s name, is answered, and both learn each other’s name and media', async () => {
  const call = await after(ann.service.call(bob.self.id, both), 1);
  const seen = states(call);
  await mail.clock.advance(100);
  expect(bob.newest).toMatchObject({ state: 'ringing', direction: 'incoming', offered: both, peer: { name: 'Ann' } });
  await after(bob.newest.answer({ audio: true, video: false }));
  expect(seen).toEqual(['trying', 'ringing', 'established']);
  expect(call).toMatchObject({ peer: { id: bob.self.id, name: 'Bob' }, remoteMuted: { audio: false, video: true } });
  expect(bob.newest.remoteMuted).toEqual({ audio: false, video: false });
  expect(call.establishedAt).toBeGreaterThan(0);
});

test('a name that would break the line or turn the text around it round is said without that, and an empty one not at all', async () => {
  ann = new Person(mail, 'A\u202enn\n', 3);
  bob = new Person(mail, '\u200b', 4);
  const call = await after(ann.service.call(bob.self.id, both));
  expect(bob.newest.peer.name).toBe('Ann');
  expect(call.peer.name).toBeUndefined();
  await after(bob.newest.answer(both));
  call.hangUp();
  await mail.clock.advance(100);
  expect(bob.newest.detail).toBe('Ann hung up.');
});

test('when camera and microphone are refused nobody rings, and the call can be placed without them', async () => {
  ann.media.problem = 'media-denied';
  await expect(after(ann.service.call(bob.self.id, both))).rejects.toMatchObject({ code: 'media-denied' });
  expect(bob.incoming).toEqual([]);
  expect(ann.service.calls).toEqual([]);
  const call = await after(ann.service.call(bob.self.id, nothing));
  expect(call).toMatchObject({ state: 'ringing', muted: both });
});

test('a callee who refuses goes on ringing and may answer with less', async () => {
  await after(ann.service.call(bob.self.id, both));
  bob.media.problem = 'media-missing';
  await expect(after(bob.newest.answer(both))).rejects.toMatchObject({ code: 'media-missing' });
  expect(bob.newest.state).toBe('ringing');
  await after(bob.newest.answer(nothing));
  expect(bob.newest.state).toBe('established');
});

test('with permission given before, the INVITE does not wait for the camera; if the camera fails, the call is taken back', async () => {
  ann.media.granted = true;
  ann.media.problem = 'media-failed';
  ann.media.readiness = new Promise((resolve) => mail.clock.setTimer(1000, resolve));
  await expect(after(ann.service.call(bob.self.id, both))).rejects.toMatchObject({ code: 'media-failed' });
  expect(bob.incoming.map((call) => call.endReason)).toEqual(['cancelled']);
  expect(ann.service.calls).toEqual([]);
});

test('the offer reaches the callee while it rings, and its answer the caller only after it accepted', async () => {
  const call = await after(ann.service.call(bob.self.id, both));
  expect(bob.media.connections[0]?.signalingState).toBe('have-remote-offer');
  expect(ann.media.connections[0]?.signalingState).toBe('have-local-offer');
  await after(bob.newest.answer(both));
  expect(ann.media.connections[0]?.signalingState).toBe('stable');
  expect(call.remoteStream?.getTracks()).toHaveLength(2);
});

test('an ended call has closed its connection, microphone and camera on both sides', async () => {
  const call = await after(ann.service.call(bob.self.id, both));
  await after(bob.newest.answer(both));
  call.hangUp();
  await mail.clock.advance(100);
  expect([call.endReason, bob.newest.endReason]).toEqual(['hung-up', 'hung-up']);
  expect([call.detail, bob.newest.detail]).toEqual(['You hung up.', 'Ann hung up.']);
  for (const { media } of [ann, bob]) {
    expect(media.tracks.map(({ readyState }) => readyState)).toEqual(['ended', 'ended']);
    expect(media.connections.map(({ connectionState }) => connectionState)).toEqual(['closed']);
  }
  expect([...ann.service.calls, ...bob.service.calls]).toEqual([]);
  await mail.clock.advance(120_000);
  expect(mail.clock.timerCount).toBe(0);
});

test('a call that was answered can be neither rejected nor ignored any more, and ends as the other side ends it', async () => {
  const call = await after(ann.service.call(bob.self.id, nothing));
  await after(bob.newest.answer(nothing));
  bob.newest.reject('busy');
  bob.newest.ignore();
  await mail.clock.advance(100);
  expect([call.state, bob.newest.state]).toEqual(['established', 'established']);
  call.hangUp();
  await mail.clock.advance(100);
  expect(bob.newest.detail).toBe('Ann hung up.');
});

test('events come after the method that caused them has returned', async () => {
  await after(ann.service.call(bob.self.id, nothing));
  const seen: string[] = [];
  bob.newest.on('state', (state) => seen.push(state));
  bob.newest.reject('decline');
  expect(seen).toEqual([]);
  await mail.clock.advance(0);
  expect(seen).toEqual(['ended']);
});

test('a muted microphone stays open, a camera that is off is closed, and the other side is told of both', async () => {
  const call = await after(ann.service.call(bob.self.id, both));
  await after(bob.newest.answer(both));
  const [microphone, camera] = ann.media.tracks;
  call.mute('audio', true);
  call.mute('video', true);
  await mail.clock.advance(100);
  expect(microphone).toMatchObject({ readyState: 'live', enabled: false });
  expect(camera).toMatchObject({ readyState: 'ended' });
  expect(bob.newest.remoteMuted).toEqual(both);
  call.mute('audio', false);
  call.mute('video', false);
  await mail.clock.advance(100);
  expect(microphone).toMatchObject({ readyState: 'live', enabled: true });
  expect(ann.media.tracks[2]).toMatchObject({ kind: 'video', readyState: 'live', enabled: true });
  expect(bob.newest.remoteMuted).toEqual(nothing);
});

test('a camera that cannot be switched on again says why and stays off', async () => {
  const call = await after(ann.service.call(bob.self.id, { audio: true, video: false }));
  ann.media.problem = 'media-missing';
  call.mute('video', false);
  await mail.clock.advance(100);
  expect(call).toMatchObject({ muted: { audio: false, video: true }, detail: 'No camera.' });
});

test('a microphone that was unplugged is told of, until it is on again', async () => {
  const call = await after(ann.service.call(bob.self.id, both));
  await after(bob.newest.answer(both));
  const [microphone] = ann.media.tracks;
  microphone?.stop();
  microphone?.onended?.();
  await mail.clock.advance(100);
  expect(call).toMatchObject({
    muted: { audio: true, video: false },
    detail: expect.stringMatching(/microphone stopped/),
  });
  expect(bob.newest.remoteMuted).toEqual({ audio: true, video: false });
  call.mute('video', true);
  call.mute('video', false);
  await mail.clock.advance(100);
  expect(call.detail).toMatch(/microphone stopped/);
  call.mute('audio', false);
  await mail.clock.advance(100);
  expect(call).toMatchObject({ muted: nothing, detail: undefined });
});

test('the path of a call is told, and that there is none any more when it has ended', async () => {
  const call = await after(ann.service.call(bob.self.id, nothing));
  await after(bob.newest.answer(nothing));
  const paths: (string | undefined)[] = [];
  call.on('path', (path) => paths.push(path));
  ann.media.connections[0]?.connected();
  await mail.clock.advance(100);
  call.hangUp();
  await mail.clock.advance(100);
  expect(paths).toEqual(['direct', undefined]);
});

test('two that call each other at once are in one call that neither had to answer', async () => {
  const [one, other] = await after(
    Promise.all([ann.service.call(bob.self.id, both), bob.service.call(ann.self.id, both)]),
    5000,
  );
  expect([one.state, other.state]).toEqual(['established', 'established']);
  expect(one.id).toBe(other.id);
  expect([...ann.incoming, ...bob.incoming]).toEqual([]);
  expect([ann, bob].map(({ service }) => service.calls.length)).toEqual([1, 1]);
  one.hangUp();
  await mail.clock.advance(1000);
  expect(other.endReason).toBe('hung-up');
});

test('a microphone that was muted while both called each other is said to be, whoever’s call goes on', async () => {
  const calling = Promise.all([ann.service.call(bob.self.id, both), bob.service.call(ann.self.id, both)]);
  const calls = await after(calling, 1);
  for (const call of calls) call.mute('audio', true);
  await mail.clock.advance(5000);
  expect(calls.map(({ state }) => state)).toEqual(['established', 'established']);
  const muted = { audio: true, video: false };
  expect(calls.map(({ remoteMuted }) => remoteMuted)).toEqual([muted, muted]);
});

test('calling somebody who is calling at this moment answers their call', async () => {
  await after(ann.service.call(bob.self.id, both));
  const call = await after(bob.service.call(ann.self.id, both));
  expect(call).toBe(bob.newest);
  expect(call.state).toBe('established');
});

test('a second call is refused while there is one, and one from a third person hears busy', async () => {
  const cyd = new Person(mail, 'Cyd', 3);
  await after(ann.service.call(bob.self.id, nothing));
  await expect(after(ann.service.call(cyd.self.id, nothing))).rejects.toMatchObject({ code: 'refused' });
  const busy = await after(cyd.service.call(bob.self.id, nothing));
  expect(busy).toMatchObject({ state: 'ended', endReason: 'busy' });
});

test('a refusal that comes before the caller’s camera is ready is heard as what it is', async () => {
  const cyd = new Person(mail, 'Cyd', 3);
  await after(ann.service.call(bob.self.id, nothing));
  let ready = (): void => undefined;
  cyd.media.granted = true;
  cyd.media.readiness = new Promise((resolve) => {
    ready = resolve;
  });
  const calling = cyd.service.call(bob.self.id, both);
  await mail.clock.advance(2000);
  ready();
  await expect(after(calling)).resolves.toMatchObject({ state: 'ended', endReason: 'busy' });
});

test('a call to nobody ends as not found without a location record, and as unreachable with one', async () => {
  const nobody = contactFromKey(new Uint8Array(32).fill(9));
  const unknown = await after(ann.service.call(nobody.id, nothing));
  expect(unknown.endReason).toBe('not-found');
  const value = encodeLocation({ devices: [nobody.id], capabilities: both, name: 'Nick' });
  mail.records.set(locationKey(nobody.id), { author: nobody, value });
  const gone = await after(ann.service.call(nobody.id, nothing));
  expect(gone).toMatchObject({ endReason: 'unreachable', peer: { name: 'Nick' } });
});

test('a location record that somebody else put under an address does not turn calls away', async () => {
  const cyd = new Person(mail, 'Cyd', 3);
  const value = encodeLocation({ devices: [cyd.self.id], capabilities: both, name: 'Bob' });
  mail.records.set(locationKey(bob.self.id), { author: cyd.self, value });
  await after(ann.service.call(bob.self.id, nothing));
  expect([bob.incoming.length, cyd.incoming.length]).toEqual([1, 0]);
});

test('a device that somebody else lists for an address of theirs does not ring, whoever calls that address', async () => {
  const eve = new Person(mail, 'Eve', 3);
  const value = encodeLocation({ devices: [bob.self.id], capabilities: both, name: 'Eve' });
  mail.records.set(locationKey(eve.self.id), { author: eve.self, value });
  const call = await after(ann.service.call(eve.self.id, nothing));
  expect(bob.incoming).toEqual([]);
  expect(bob.service.counters.get('wrong-address')).toBe(1);
  expect(call.endReason).toBe('not-found');
});

test('the devices of an address ring beside those that are only listed for it', async () => {
  const cyd = new Person(mail, 'Cyd', 3);
  const value = encodeLocation({ devices: [cyd.self.id, bob.self.id], capabilities: both, name: 'Bob' });
  mail.records.set(locationKey(bob.self.id), { author: bob.self, value });
  const call = await after(ann.service.call(bob.self.id, nothing));
  await after(bob.newest.answer(nothing));
  expect(call).toMatchObject({ state: 'established', peer: { id: bob.self.id } });
  expect(cyd.incoming).toEqual([]);
});

test('when no record is found in time the device itself is called', async () => {
  const slow = new Person(mail, 'Slow', 4, silentRecords(ann));
  await after(slow.service.call(bob.self.id, nothing));
  expect(bob.incoming).toHaveLength(1);
});

test('a service that closes ends its call for both, and unregisters', async () => {
  bob.service.joined();
  const call = await after(ann.service.call(bob.self.id, both));
  await after(bob.newest.answer(both));
  void bob.service.close();
  await mail.clock.advance(100);
  expect([call.endReason, bob.newest.endReason]).toEqual(['hung-up', 'hung-up']);
  expect(mail.records.size).toBe(0);
  await expect(bob.service.call(ann.self.id, both)).rejects.toMatchObject({ code: 'left' });
});

test('the location record is there after joining, follows the name, and is put again before it expires', async () => {
  bob.service.joined();
  await mail.clock.advance(0);
  const key = locationKey(bob.self.id);
  const first = mail.records.get(key);
  expect(decodeLocation(first?.value ?? new Uint8Array())).toMatchObject({ devices: [bob.self.id], name: 'Bob' });
  bob.name = 'Bobby';
  bob.service.renamed();
  await mail.clock.advance(0);
  expect(decodeLocation(mail.records.get(key)?.value ?? new Uint8Array())?.name).toBe('Bobby');
  mail.records.clear();
  await mail.clock.advance(LOCATION_REFRESH_MS);
  expect(mail.records.has(key)).toBe(true);
});

test('a call without a media path is given up after half a minute, and both are told why', async () => {
  const call = await after(ann.service.call(bob.self.id, both));
  await after(bob.newest.answer(both));
  await mail.clock.advance(31_000);
  expect([call.endReason, bob.newest.endReason]).toEqual(['no-path', 'no-path']);
  expect(call.detail).toContain('TURN');
});

test('uploads are slowed while round trips of a call take longer than they did, and are free when it is over', async () => {
  ann.rates.up = 1_000_000;
  const ups = (person: Person): (number | undefined)[] => person.caps.map(({ up }) => up);
  const call = await after(ann.service.call(bob.self.id, both));
  expect(ann.caps).toEqual([]);
  await after(bob.newest.answer(both), 100);
  expect(ups(ann)).toEqual([500_000]);
  for (const ms of [40, 400, 400]) {
    ann.media.connections[0]?.measured(ms);
    await mail.clock.advance(YIELD_PERIOD_MS);
  }
  const [, , before = 0, slowed = 0] = ups(ann);
  expect(slowed).toBe(before / 2);
  // Nothing new was measured.
  await mail.clock.advance(10 * YIELD_PERIOD_MS);
  expect(new Set(ups(ann).slice(3))).toEqual(new Set([slowed]));
  call.hangUp();
  await mail.clock.advance(10 * YIELD_PERIOD_MS);
  expect([ann, bob].map((each) => ups(each).indexOf(undefined))).toEqual(
    [ann, bob].map((each) => ups(each).length - 1),
  );
});

test('what waits on its way here slows downloads, not uploads, which can do nothing for it', async () => {
  ann.rates = { down: 2_000_000, up: 1_000_000 };
  await after(ann.service.call(bob.self.id, both));
  await after(bob.newest.answer(both), 100);
  // The other side's clock is an hour ahead.
  for (const ms of [20, 320, 320]) {
    ann.media.connections[0]?.measured(ms + 20, ms - 3_600_000);
    await mail.clock.advance(YIELD_PERIOD_MS);
  }
  expect(ann.caps.map(({ down }) => down)).toEqual([Infinity, Infinity, Infinity, 1_000_000]);
  expect(Math.min(...ann.caps.map(({ up = 0 }) => up))).toBe(500_000);
});
