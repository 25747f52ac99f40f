import { describe, expect, test } from 'vitest';
import { concatBytes, utf8Encode } from '../../../../shared/src/bytes.ts';
import { contactFromKey } from '../../../../shared/src/ids.ts';
import { randomBytes, seededRng } from '../../../../shared/src/machine.ts';
import { vector } from '../../../../shared/test/vectors.ts';
import type { Crypto } from '../../ports/crypto.ts';
import { WebCrypto, generateWebKeys, webKeysOf } from '../browser/webcrypto.ts';
import { PortableCrypto, generatePortableKeys } from './portable-crypto.ts';

const text = utf8Encode('the quick brown otter');
const context = utf8Encode('a test');

async function web(): Promise<Crypto> {
  const keys = await generateWebKeys();
  if (!keys) throw new Error('this Node has no Ed25519 or X25519');
  return new WebCrypto(keys);
}

async function portable(): Promise<Crypto> {
  return new PortableCrypto(generatePortableKeys());
}

const adapters = { WebCrypto: web, 'plain JavaScript': portable };
const pairs = Object.entries(adapters).flatMap(([from, makeFrom]) =>
  Object.entries(adapters).map(([to, makeTo]) => ({ from, to, makeFrom, makeTo })),
);

describe.each(pairs)('$from to $to', ({ makeFrom, makeTo }) => {
  test('a signature holds for its message and signer, and for nothing else', async () => {
    const [signer, other] = await Promise.all([makeFrom(), makeTo()]);
    const signature = await signer.sign(text);
    expect(signature).toHaveLength(64);
    expect(await other.verify(signer.self.publicKey, text, signature)).toBe(true);
    expect(await other.verify(signer.self.publicKey, concatBytes(text, text), signature)).toBe(false);
    expect(await other.verify(other.self.publicKey, text, signature)).toBe(false);
    for (const at of [0, 31, 32, 63]) {
      const changed = signature.slice();
      changed[at]! ^= 1;
      expect(await other.verify(signer.self.publicKey, text, changed)).toBe(false);
    }
  });

  test('what is sealed to a peer it alone opens, under the same context', async () => {
    const [sender, reader] = await Promise.all([makeFrom(), makeTo()]);
    for (const plaintext of [new Uint8Array(0), text, new Uint8Array(15_000).fill(7)]) {
      const sealed = await sender.seal(reader.self.publicKey, plaintext, context);
      expect(sealed).toHaveLength(plaintext.length + 48);
      expect(await reader.unseal(sealed, context)).toEqual(plaintext);
      expect(await reader.unseal(sealed, text)).toBeUndefined();
      expect(await sender.unseal(sealed, context)).toBeUndefined();
    }
  });

  test('a sealed message that was changed anywhere does not open', async () => {
    const [sender, reader] = await Promise.all([makeFrom(), makeTo()]);
    const sealed = await sender.seal(reader.self.publicKey, text, context);
    for (const at of [0, 20, 32, 40, sealed.length - 1]) {
      const changed = sealed.slice();
      changed[at]! ^= 4;
      expect(await reader.unseal(changed, context)).toBeUndefined();
    }
    expect(await reader.unseal(sealed.subarray(0, sealed.length - 1), context)).toBeUndefined();
  });
});

describe.each(Object.entries(adapters))('%s', (_, make) => {
  test('the id is the hash of the public key', async () => {
    const { self } = await make();
    expect(self).toEqual(contactFromKey(self.publicKey));
    expect((await make()).self.id).not.toBe(self.id);
  });

  test('sealing the same twice gives different bytes', async () => {
    const crypto = await make();
    const [one, two] = await Promise.all([1, 2].map(() => crypto.seal(crypto.self.publicKey, text, context)));
    expect(one).not.toEqual(two);
  });

  test('a key of low order is not sealed to and opens nothing', async () => {
    const crypto = await make();
    const lowOrder = new Uint8Array(32);
    const refused = await crypto.seal(lowOrder, text, context).catch(() => 'refused');
    expect(refused).toBe('refused');
    expect(await crypto.unseal(new Uint8Array(64), context)).toBeUndefined();
  });

  test('keys, signatures and seals of any length and content are answered, never thrown at', async () => {
    const crypto = await make();
    const rng = seededRng(7);
    for (let i = 0; i < 60; i++) {
      const junk = (most: number): Uint8Array => randomBytes(rng, rng.nextUint32() % most);
      expect(
        await crypto.verify(i % 2 ? junk(40) : randomBytes(rng, 32), text, i % 3 ? junk(70) : randomBytes(rng, 64)),
      ).toBe(false);
      expect(await crypto.unseal(junk(100), context)).toBeUndefined();
    }
  });

  test('random bytes come in any number', async () => {
    const crypto = await make();
    expect(crypto.randomBytes(100_000).some((byte) => byte !== 0)).toBe(true);
    expect(crypto.randomBytes(16)).not.toEqual(crypto.randomBytes(16));
    expect(crypto.randomBytes(0)).toHaveLength(0);
  });
});

test('private WebCrypto keys cannot be taken out', async () => {
  const keys = await generateWebKeys();
  expect([keys!.sign.extractable, keys!.unseal.extractable]).toEqual([false, false]);
});

test('the same seed makes the same peer in both adapters: each opens what was sealed to the other', async () => {
  const seed = new Uint8Array(32).fill(5);
  const [one, other] = [new WebCrypto(await webKeysOf(seed)), new PortableCrypto({ seed })];
  expect(one.self).toEqual(other.self);
  expect(await one.unseal(await other.seal(other.self.publicKey, text, context), context)).toEqual(text);
  expect(await other.unseal(await one.seal(one.self.publicKey, text, context), context)).toEqual(text);
  expect(await one.sign(text)).toEqual(await other.sign(text));
});

test('Ed25519 gives the signature of RFC 8032 §7.1, test 2', async () => {
  const hex = (value: string): Uint8Array => new Uint8Array(Buffer.from(value, 'hex'));
  const seed = hex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb');
  const crypto = new PortableCrypto({ seed });
  const expected = hex(
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  );
  expect(await crypto.sign(Uint8Array.of(0x72))).toEqual(expected);
  expect(await (await web()).verify(crypto.self.publicKey, Uint8Array.of(0x72), expected)).toBe(true);
});

test('the contact of the protocol page belongs to its key', () => {
  const crypto = new PortableCrypto({ seed: new Uint8Array(32).fill(1) });
  expect(crypto.self.publicKey).toEqual(vector('identity/CONTACT'));
  expect(crypto.self.id).toBe('34750f98bd59fcfc946da45aaabe933be154a4b5');
});
