import { contactFromKey, type Contact, type Key } from '../../../../../shared/src/ids.ts';
import { seededRng } from '../../../../../shared/src/machine.ts';
import { ManualClock } from '../../../adapters/memory/manual-clock.ts';
import type { IncomingCall, RateLimits } from '../../../api.ts';
import { fixedIceConfig } from '../../ice-config.ts';
import { CallService } from '../call-service.ts';
import type { CallHost } from '../host.ts';
import { FakeMedia } from './fake-media.ts';

/** Carries mail between call services in virtual time. */
export class Mail {
  readonly clock = new ManualClock();
  readonly people = new Map<string, Person>();
  readonly records = new Map<Key, { author: Contact; value: Uint8Array }>();
  latencyMs = 20;

  async deliver(from: Contact, to: string, payload: Uint8Array): Promise<boolean> {
    await new Promise<void>((resolve) => this.clock.setTimer(this.clock.now() + this.latencyMs, resolve));
    const person = this.people.get(to);
    person?.service.receive(from, payload);
    return person !== undefined;
  }
}

/** Records that are never read: nobody answers. */
export function silentRecords(person: Person): Pick<CallHost, 'records'> {
  return { records: { ...person.host.records, get: () => new Promise(() => undefined) } };
}

/** A call service with everything around it. */
export class Person {
  readonly self: Contact;
  readonly media = new FakeMedia();
  readonly host: CallHost;
  readonly service: CallService;
  readonly incoming: IncomingCall[] = [];
  /** What files move. [bytes/s] */
  rates = { down: 0, up: 0 };
  /** What was told to files so far. */
  readonly caps: RateLimits[] = [];
  name: string;

  constructor(mail: Mail, name: string, seed: number, overrides: Partial<CallHost> = {}) {
    this.self = contactFromKey(new Uint8Array(32).fill(seed));
    this.name = name;
    mail.people.set(this.self.id, this);
    this.host = {
      self: this.self,
      name: () => this.name,
      sendMail: (to, payload) => mail.deliver(this.self, to, payload),
      records: {
        put: (key, value) => Promise.resolve(mail.records.set(key, { author: this.self, value })),
        remove: (key) => Promise.resolve(void mail.records.delete(key)),
        get: (key) => Promise.resolve(mail.records.get(key)),
      },
      ice: fixedIceConfig([]),
      relayOnly: false,
      nameOf: () => undefined,
      rng: seededRng(seed),
      clock: mail.clock,
      log: { log: () => undefined },
      media: this.media,
      transfers: () => ({ rates: this.rates, cap: (most) => this.caps.push(most) }),
      onIncoming: (call) => this.incoming.push(call),
      ...overrides,
    };
    this.service = new CallService(this.host);
  }

  /** The call that rang last. */
  get newest(): IncomingCall {
    const call = this.incoming.at(-1);
    if (!call) throw new Error(`nobody called ${this.name}`);
    return call;
  }
}
