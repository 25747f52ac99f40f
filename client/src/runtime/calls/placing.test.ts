import { beforeEach, expect, test } from 'vitest';
import { formatAddress } from '../address.ts';
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

/** A person is asked for the camera, and answers with what is returned. */
function asked(person: Person): () => void {
  let answer = (): void => undefined;
  person.media.readiness = new Promise((resolve) => (answer = resolve));
  return answer;
}

test('a call that is given up while a person is asked for the camera never rings, and another one can be placed', async () => {
  const allow = asked(ann);
  const controller = new AbortController();
  const calling = ann.service.call(bob.self.id, { ...both, signal: controller.signal });
  await mail.clock.advance(5000);
  controller.abort();
  await expect(calling).rejects.toMatchObject({ code: 'aborted' });
  ann.media.readiness = undefined;
  const other = ann.service.call(bob.self.id, nothing);
  await mail.clock.advance(1000);
  allow();
  await mail.clock.advance(5000);
  await expect(other).resolves.toMatchObject({ state: 'ringing' });
  expect(bob.incoming).toHaveLength(1);
  expect(ann.media.tracks.map(({ readyState }) => readyState)).toEqual(['ended', 'ended']);
});

test('a call that is given up while the camera opens, when it rings already, is taken back', async () => {
  const ready = asked(ann);
  ann.media.granted = true;
  const controller = new AbortController();
  const calling = ann.service.call(bob.self.id, { ...both, signal: controller.signal });
  await mail.clock.advance(1000);
  expect(bob.newest.state).toBe('ringing');
  controller.abort();
  await expect(calling).rejects.toMatchObject({ code: 'aborted' });
  ready();
  await mail.clock.advance(1000);
  expect(bob.newest.endReason).toBe('cancelled');
  expect(ann.service.calls).toEqual([]);
  expect(ann.media.tracks.map(({ readyState }) => readyState)).toEqual(['ended', 'ended']);
});

test('what is no address, and the own one, are refused at once, and nobody is asked for the camera', async () => {
  for (const who of ['amber-otter', ann.self.id, formatAddress('Ann', ann.self.id)]) {
    await expect(ann.service.call(who, both)).rejects.toMatchObject({ code: 'bad-argument' });
  }
  expect(ann.media.tracks).toEqual([]);
});

test('a signal that is aborted before or after does no harm', async () => {
  const early = ann.service.call(bob.self.id, { ...nothing, signal: AbortSignal.abort() });
  await expect(early).rejects.toMatchObject({ code: 'aborted' });
  const controller = new AbortController();
  const call = ann.service.call(bob.self.id, { ...nothing, signal: controller.signal });
  await mail.clock.advance(1000);
  controller.abort();
  await mail.clock.advance(1000);
  await expect(call).resolves.toMatchObject({ state: 'ringing' });
});

test('a call that is being placed when its node leaves is rejected at once, whatever a person answers', async () => {
  asked(ann);
  const calling = ann.service.call(bob.self.id, both);
  await mail.clock.advance(100);
  void ann.service.close();
  await expect(calling).rejects.toMatchObject({ code: 'left' });
});

test('where the camera has failed before anybody was found nobody rings', async () => {
  const slow = new Person(mail, 'Slow', 3, silentRecords(ann));
  slow.media.granted = true;
  slow.media.problem = 'media-missing';
  const calling = slow.service.call(bob.self.id, both);
  calling.catch(() => undefined);
  await mail.clock.advance(5000);
  await expect(calling).rejects.toMatchObject({ code: 'media-missing' });
  expect(bob.incoming).toEqual([]);
});
