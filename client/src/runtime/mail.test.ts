import { beforeEach, expect, test } from 'vitest';
import { toHex, utf8Encode } from '../../../shared/src/bytes.ts';
import { type Contact, contactFromKey } from '../../../shared/src/ids.ts';
import { MAX_CLOCK_SKEW_MS, MAX_MAIL_BYTES } from '../../../shared/src/limits/links.ts';
import { randomBelow, randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { vector } from '../../../shared/test/vectors.ts';
import { ManualClock } from '../adapters/memory/manual-clock.ts';
import { PortableCrypto, generatePortableKeys } from '../adapters/portable/portable-crypto.ts';
import { MAX_MAIL_PAYLOAD_BYTES, type Mail, createMail, decodeLetter, encodeLetter } from './mail.ts';

/** Mails that are opened at once. */
const MAX_IN_WORK = 5;
const CONTEXT = utf8Encode('skein mail 2');
const payload = utf8Encode('hello');
const fixed = (seed: number): PortableCrypto => new PortableCrypto({ seed: new Uint8Array(32).fill(seed) });

let clock: ManualClock;
let alice: PortableCrypto;
let bob: PortableCrypto;
let outbox: Mail;
let inbox: Mail;

beforeEach(() => {
  clock = new ManualClock();
  alice = new PortableCrypto(generatePortableKeys());
  bob = new PortableCrypto(generatePortableKeys());
  outbox = createMail(alice, clock, MAX_IN_WORK);
  inbox = createMail(bob, clock, MAX_IN_WORK);
});

async function codeOf(mail: Mail, sealed: Uint8Array): Promise<string> {
  const opened = await mail.open(sealed);
  return opened.ok ? 'opened' : opened.error;
}

test('the reader learns sender, kind, content and what is left of its life', async () => {
  const sealed = await outbox.seal(bob.self, 'call', payload, 15_000);
  await clock.advance(4_000);
  expect(await inbox.open(sealed)).toEqual({
    ok: true,
    value: { from: alice.self, kind: 'call', payload, remainingMs: 11_000, isOverdue: false },
  });
});

test('the largest payload makes a mail of the largest size', async () => {
  const sealed = await outbox.seal(bob.self, 'app', new Uint8Array(MAX_MAIL_PAYLOAD_BYTES), 1000);
  expect(sealed).toHaveLength(MAX_MAIL_BYTES);
  expect(await codeOf(inbox, sealed)).toBe('opened');
  expect(await codeOf(inbox, new Uint8Array(MAX_MAIL_BYTES + 1))).toBe('too-large');
  await expect(outbox.seal(bob.self, 'app', new Uint8Array(MAX_MAIL_PAYLOAD_BYTES + 1), 1000)).rejects.toThrow(
    /too large/,
  );
});

test('nobody but the target opens it, and no changed byte goes unnoticed', async () => {
  const sealed = await outbox.seal(bob.self, 'signal', payload, 1000);
  expect(await codeOf(outbox, sealed)).toBe('not-for-us');
  for (let at = 0; at < sealed.length; at += 13) {
    const changed = sealed.slice();
    changed[at]! ^= 0x10;
    expect(await codeOf(inbox, changed)).toBe('not-for-us');
  }
});

test('a mail is taken once, by whatever way its copies come', async () => {
  const sealed = await outbox.seal(bob.self, 'app', payload, 60_000);
  expect(await codeOf(inbox, sealed)).toBe('opened');
  expect(await codeOf(inbox, sealed.slice())).toBe('replayed');
  await clock.advance(60_000 + MAX_CLOCK_SKEW_MS);
  expect(await codeOf(inbox, sealed)).toBe('replayed');
  await clock.advance(1);
  expect(await codeOf(inbox, sealed)).toBe('expired');
});

test('of a flood of mails no more are opened at once than that, whatever they are', async () => {
  const good = await outbox.seal(bob.self, 'call', payload, 1000);
  const flood = Array.from({ length: MAX_IN_WORK }, () => codeOf(inbox, new Uint8Array(1000)));
  expect(await codeOf(inbox, good)).toBe('flood');
  expect(new Set(await Promise.all(flood))).toEqual(new Set(['not-for-us']));
  expect(await codeOf(inbox, good)).toBe('opened');
});

test('clocks may be ten minutes apart, either way, and no more', async () => {
  const cases = [
    { offset: MAX_CLOCK_SKEW_MS, code: 'opened' },
    { offset: MAX_CLOCK_SKEW_MS + 1, code: 'from-future' },
    { offset: -MAX_CLOCK_SKEW_MS - 1000, code: 'opened' },
    { offset: -MAX_CLOCK_SKEW_MS - 1001, code: 'expired' },
  ];
  for (const { offset, code } of cases) {
    const skewed = createMail(alice, new ManualClock(clock.wallNow() + offset));
    expect({ offset, code: await codeOf(inbox, await skewed.seal(bob.self, 'app', payload, 1000)) }).toEqual({
      offset,
      code,
    });
  }
});

test('signals are taken whatever the clocks show, for over links peers learn what the time is, and taken once', async () => {
  for (const offset of [-400, -1, 1, 400].map((days) => days * 86_400_000)) {
    const skewed = createMail(alice, new ManualClock(clock.wallNow() + offset));
    const sealed = await skewed.seal(bob.self, 'signal', payload, 1000);
    expect({ offset, code: await codeOf(inbox, sealed) }).toEqual({ offset, code: 'opened' });
    expect({ offset, code: await codeOf(inbox, sealed) }).toEqual({ offset, code: 'replayed' });
  }
});

test('when the clocks disagree the whole life is left', async () => {
  const ahead = createMail(alice, new ManualClock(clock.wallNow() + 120_000));
  const opened = await inbox.open(await ahead.seal(bob.self, 'app', payload, 5_000));
  expect(opened.ok && opened.value.remainingMs).toBe(5_000);
});

test('the reader learns that the deadline of a mail is over', async () => {
  const sealed = await outbox.seal(bob.self, 'signal', payload, 5_000);
  await clock.advance(5_001);
  expect(await inbox.open(sealed)).toMatchObject({ ok: true, value: { remainingMs: 5_000, isOverdue: true } });
});

test('a reader cannot pass a mail on as one to somebody else', async () => {
  const sealed = await outbox.seal(bob.self, 'call', payload, 10_000);
  const letter = await bob.unseal(sealed, CONTEXT);
  const carol = new PortableCrypto(generatePortableKeys());
  const forwarded = await bob.seal(carol.self.publicKey, letter!, CONTEXT);
  expect(await codeOf(createMail(carol, clock), forwarded)).toBe('bad-signature');
});

test('no field of a letter can be changed by one who can seal', async () => {
  const letter = decodeLetter((await bob.unseal(await outbox.seal(bob.self, 'call', payload, 10_000), CONTEXT))!)!;
  const changes = [
    { kind: 'app' as const },
    { messageId: new Uint8Array(16) },
    { deadline: letter.deadline + 1 },
    { ttlMs: letter.ttlMs + 1 },
    { payload: utf8Encode('other') },
    { from: bob.self },
    { signature: new Uint8Array(64) },
  ];
  for (const change of changes) {
    const forged = await alice.seal(bob.self.publicKey, encodeLetter({ ...letter, ...change }), CONTEXT);
    expect([change, await codeOf(inbox, forged)]).toEqual([change, 'bad-signature']);
  }
  expect(await codeOf(inbox, await alice.seal(bob.self.publicKey, encodeLetter(letter), CONTEXT))).toBe('opened');
});

test('a seal around something that is no letter is malformed', async () => {
  expect(await codeOf(inbox, await alice.seal(bob.self.publicKey, payload, CONTEXT))).toBe('malformed');
});

test('a made-up contact that cannot be sealed to gets an empty mail', async () => {
  const nobody: Contact = contactFromKey(new Uint8Array(32));
  expect(await outbox.seal(nobody, 'app', payload, 1000)).toHaveLength(0);
});

test('the letter and the mail of the protocol page open', async () => {
  const then = new ManualClock(1_800_000_000_000);
  const reader = fixed(3);
  const letter = decodeLetter(vector('mail/LETTER'))!;
  expect(encodeLetter(letter)).toEqual(vector('mail/LETTER'));
  expect(await reader.unseal(vector('mail/SEALED'), CONTEXT)).toEqual(vector('mail/LETTER'));
  const opened = await createMail(reader, then).open(vector('mail/SEALED'));
  expect(opened).toEqual({
    ok: true,
    value: {
      from: fixed(1).self,
      kind: 'signal',
      payload: vector('links/REJECT'),
      remainingMs: 15_000,
      isOverdue: false,
    },
  });
});

test('100,000 random and mutated letters decode to what they encode, or to nothing', () => {
  const rng = seededRng(5);
  const good = vector('mail/LETTER');
  let decoded = 0;
  for (let i = 0; i < 100_000; i++) {
    const bytes =
      i % 4 === 0
        ? randomBytes(rng, randomBelow(rng, 300))
        : good.slice(0, good.length - (i % 4 === 1 ? randomBelow(rng, 5) : 0));
    if (bytes.length > 0) bytes[randomBelow(rng, bytes.length)] = rng.nextUint32();
    const letter = decodeLetter(bytes);
    if (!letter) continue;
    decoded++;
    if (toHex(encodeLetter(letter)) !== toHex(bytes)) throw new Error(`${toHex(bytes)} encodes otherwise`);
  }
  expect(decoded).toBeGreaterThan(10_000);
});
