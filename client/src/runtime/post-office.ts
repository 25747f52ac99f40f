import { BoundedMap } from '../../../shared/src/bounded-map.ts';
import { concatBytes } from '../../../shared/src/bytes.ts';
import type { Contact, NodeId } from '../../../shared/src/ids.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { DeliveryId, Protocol } from '../overlay/types.ts';
import type { Clock } from '../ports/clock.ts';
import type { Signaling } from '../ports/signaling.ts';
import type { Tabs } from '../ports/tabs.ts';
import type { Mail } from './mail.ts';
import type { OverlayService } from './overlay-service.ts';

/** How long a tab beside this one may take to confirm a letter before the network is asked too. [ms] On a busy machine 34 (median), once it has started. */
const NETWORK_RACE_AFTER_MS = 500;

/** How long the overlay alone may try before the server is asked too. [ms] facts: a call must ring within a second or so. */
const SERVER_RACE_AFTER_MS = 2_000;

/** Contacts kept beside the routing table, so that a recent correspondent needs no lookup. [contacts] */
const MAX_REMEMBERED_CONTACTS = 512;

/** Peers whose last letter came through the server. [peers] Newcomers: more than join at once. */
const MAX_SERVER_CORRESPONDENTS = 128;

/** How long a lookup for the keys of a correspondent may take. [ms] */
const RESOLVE_TIMEOUT_MS = 5_000;

/** First byte of a letter that the overlay does not carry: neither the server nor a tab knows what letters are for. */
const LETTER_TAGS: readonly Protocol[] = ['signal', 'call', 'app'];

/** What the post office needs of the overlay. */
export type LetterRoutes = Pick<OverlayService, 'contactOf' | 'lookup' | 'route'>;

/** What it needs of the server. */
export type ServerRoute = Pick<Signaling, 'signal'>;

/** Carries sealed letters between peers: to tabs beside this one, over the overlay, and else through the server. */
export class PostOffice {
  readonly #mail: Mail;
  readonly #clock: Clock;
  readonly #overlay: () => LetterRoutes;
  readonly #signaling: () => ServerRoute | undefined;
  readonly #tabs: Tabs | undefined;
  readonly #isServerFirst: () => boolean;
  /** Peers that wrote through the server: newcomers without links, whom the overlay cannot find yet. */
  readonly #writesByServer = new BoundedMap<NodeId, true>(MAX_SERVER_CORRESPONDENTS);
  readonly #remembered = new BoundedMap<NodeId, Contact>(MAX_REMEMBERED_CONTACTS);

  constructor(options: {
    readonly mail: Mail;
    readonly clock: Clock;
    readonly overlay: () => LetterRoutes;
    readonly signaling: () => ServerRoute | undefined;
    readonly tabs: Tabs | undefined;
    /** True until the overlay can be relied on to carry letters. */
    readonly isServerFirst: () => boolean;
  }) {
    this.#mail = options.mail;
    this.#clock = options.clock;
    this.#overlay = options.overlay;
    this.#signaling = options.signaling;
    this.#tabs = options.tabs;
    this.#isServerFirst = options.isServerFirst;
  }

  /** Keeps a contact met elsewhere: in an introduction, a tracker's answer or a letter. */
  remember(contact: Contact): void {
    this.#remembered.set(contact.id, contact);
  }

  /** Notes the way a letter came, which is the way that an answer takes first. */
  noteWay(from: NodeId, way: 'server' | 'overlay'): void {
    if (way === 'server') this.#writesByServer.set(from, true);
    else this.#writesByServer.delete(from);
  }

  /** The keys of a peer: from memory, the routing table, or a lookup. Undefined when nobody knows it. Never rejects. */
  async resolve(id: NodeId): Promise<Contact | undefined> {
    const known = this.#overlay().contactOf(id) ?? this.#remembered.get(id);
    if (known) return known;
    try {
      const { closest } = await this.#overlay().lookup(id, { timeoutMs: RESOLVE_TIMEOUT_MS });
      return closest.find((contact) => contact.id === id);
    } catch {
      return undefined;
    }
  }

  /** Seals `payload` for `to` and delivers it. True when it arrived at the peer. Never rejects. */
  async send(to: NodeId, kind: 'call' | 'app', payload: Uint8Array, withinMs: Millis): Promise<boolean> {
    const contact = await this.resolve(to);
    if (!contact) return false;
    const sealed = await this.#mail.seal(contact, kind, payload, withinMs);
    return this.carry(contact, kind, sealed, withinMs);
  }

  /**
   * Delivers an already sealed letter. True when it arrived, or left with the acknowledgement of the letter that it
   * answers, `inAnswerTo`. Never rejects.
   */
  carry(
    to: Contact,
    protocol: Protocol,
    sealed: Uint8Array,
    withinMs: Millis,
    inAnswerTo?: DeliveryId,
  ): Promise<boolean> {
    const tagged = tagLetter(protocol, sealed);
    const overOverlay = (): Promise<boolean> => this.#overlay().route(to.id, protocol, sealed, withinMs, inAnswerTo);
    const overServer = async (): Promise<boolean> => (await this.#signaling()?.signal(to.id, tagged)) ?? false;
    const overNetwork = async (): Promise<boolean> => {
      const isServerFirst = this.#isServerFirst() && inAnswerTo === undefined;
      if (isServerFirst || this.#writesByServer.has(to.id)) return (await overServer()) || overOverlay();
      return this.#race(overOverlay(), SERVER_RACE_AFTER_MS, overServer);
    };
    const toTab = this.#tabs?.deliver(to.id, tagged);
    return toTab ? this.#race(toTab, NETWORK_RACE_AFTER_MS, overNetwork) : overNetwork();
  }

  /** A letter from the server or a tab: what it is for and its seal, or undefined when the tag is unknown. */
  openTagged(bytes: Uint8Array): { readonly protocol: Protocol; readonly sealed: Uint8Array } | undefined {
    const protocol = LETTER_TAGS[bytes[0] ?? -1];
    return protocol && { protocol, sealed: bytes.subarray(1) };
  }

  /** Takes the second way when the first has failed, or has not finished after `afterMs`. The receiver drops the twin. */
  #race(first: Promise<boolean>, afterMs: Millis, second: () => Promise<boolean>): Promise<boolean> {
    return new Promise((resolve) => {
      let isSecondUnderWay = false;
      let failures = 0;
      const settle = (isDelivered: boolean): void => {
        if (isDelivered) resolve(true);
        else if (++failures === 2) resolve(false);
      };
      const startSecond = (): void => {
        cancelTimer();
        if (isSecondUnderWay) return;
        isSecondUnderWay = true;
        void second().then(settle);
      };
      const cancelTimer = this.#clock.setTimer(this.#clock.now() + afterMs, startSecond);
      void first.then((isDelivered) => {
        if (isDelivered) cancelTimer();
        else startSecond();
        settle(isDelivered);
      });
    });
  }
}

function tagLetter(protocol: Protocol, sealed: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(LETTER_TAGS.indexOf(protocol)), sealed);
}
