import { execFileSync } from 'node:child_process';
import { inPath } from '../scripts/chromium.mjs';

/**
 * What stands between a person and everybody else, by how its router maps and filters UDP (RFC 4787):
 * - `open`: nothing, a public address.
 * - `full-cone`: one port for all destinations, open to everyone.
 * - `port-restricted`: one port for all destinations, open to whom something was sent: most routers at home.
 * - `symmetric`: another port for every destination, open to that one alone: mobile networks, some companies.
 * - `udp-blocked`: no UDP at all, only TCP to the outside.
 */
export type Nat = 'open' | 'full-cone' | 'port-restricted' | 'symmetric' | 'udp-blocked';

export const NATS: readonly Nat[] = ['open', 'full-cone', 'port-restricted', 'symmetric', 'udp-blocked'];

/** Where servers are, and the network that all public addresses are of (TEST-NET-3, RFC 5737). */
export const SERVER_ADDRESS = '203.0.113.1';
const publicAddress = (index: number): string => `203.0.113.${index + 10}`;

/** Everybody behind a router at home has the same private address: an address alone says nothing. */
const HOME = '192.168.1';

/** The private addresses of mobile networks (RFC 6598). */
const MOBILE = '100.64.1';

/** What a narrow line sends at once. [bytes] Some packets, as its timer is not exact. */
const LINE_BURST_BYTES = 6_000;

/** What a device is plugged in with. */
interface Lan {
  /** Its interface. */
  readonly device: string;
  /** The first three parts of addresses. */
  readonly subnet: string;
}

/** How a person who is behind a router is joined to it. */
interface Home {
  /** Namespace of the router. */
  readonly router: string;
  readonly lan: Lan;
}

/** What leaves goes under the router's address. */
const MASQUERADE = 'add rule ip nat post oifname "wan0" masquerade';

/** Rules of each router, for nft. Its masquerade keeps a source's port where it is free, and so is no symmetric one. */
const RULES: Readonly<Record<Exclude<Nat, 'open'>, readonly string[]>> = {
  'full-cone': [`add rule ip nat pre iifname "wan0" meta l4proto udp dnat to ${HOME}.2`, MASQUERADE],
  'port-restricted': [MASQUERADE],
  symmetric: [`${MASQUERADE} random,fully-random`],
  'udp-blocked': [MASQUERADE, 'add rule ip filter pass meta l4proto udp drop'],
};

/**
 * What nobody inside asked for is dropped, also what is for the router itself: answering it would keep its connection, and
 * what is sent there from inside would get another port.
 */
const CHAINS = [
  'add table ip nat',
  'add chain ip nat pre { type nat hook prerouting priority -100 ; }',
  'add chain ip nat post { type nat hook postrouting priority 100 ; }',
  'add table ip filter',
  'add chain ip filter pass { type filter hook forward priority 0 ; }',
  'add chain ip filter own { type filter hook input priority 0 ; }',
  'add rule ip filter own iifname "wan0" ct state new drop',
  'add rule ip filter pass iifname "wan0" ct state new ct status ! dnat drop',
];

/**
 * A small Internet of Linux network namespaces: one with the servers, and for each person one of its own, behind a router
 * of its own. Nothing of it is seen outside of them. Takes root's rights, and `ip`, `tc` and `nft`.
 */
export class NatNetwork {
  /** Namespace of the servers. */
  readonly servers: string;
  readonly #namespaces: string[] = [];
  /** Of each person who is behind a router, by its namespace. BOUNDED: by the people. */
  readonly #homes = new Map<string, Home>();
  /** How many public addresses people have had. At most 240. */
  #addresses = 0;

  static #isPossible: boolean | undefined;

  /** True where namespaces can be made, which is tried once. */
  static isPossible(): boolean {
    NatNetwork.#isPossible ??= canNetwork();
    return NatNetwork.#isPossible;
  }

  constructor() {
    this.servers = this.#add('servers');
    this.#ip(this.servers, 'link add internet type bridge');
    this.#ip(this.servers, `address add ${SERVER_ADDRESS}/24 dev internet`);
    this.#ip(this.servers, 'link set internet up');
    // What is for private addresses vanishes, as on the Internet. Without a way coturn would end who asks it for one.
    this.#ip(this.servers, 'link add elsewhere type bridge');
    this.#ip(this.servers, 'link set elsewhere arp off up');
    this.#ip(this.servers, 'route add default dev elsewhere');
  }

  /** Adds a person; returns the namespace that its browser runs in. `hasIpv6`: with a public IPv6 address beside. */
  join(nat: Nat, hasIpv6 = false): string {
    const index = this.#addresses++;
    const host = this.#add(`host${index}`);
    if (hasIpv6) this.#wireIpv6(host, index);
    if (nat === 'open') {
      this.#wire(host, 'eth0', index);
      return host;
    }
    this.#route(host, nat, index, { device: 'eth0', subnet: HOME });
    return host;
  }

  /** Adds another device in the home of a person who is behind a router; returns its namespace. */
  joinBeside(person: string): string {
    const host = this.#add(`host${this.#addresses++}`);
    this.#plugIn(host, this.#homeOf(person).router, { device: 'eth0', subnet: HOME }, 3);
    return host;
  }

  /** A person's phone goes out of reach of the router at home, and finds itself behind the one of a mobile network. */
  roam(host: string): void {
    this.#ip(host, 'link delete eth0');
    this.#route(host, 'symmetric', this.#addresses++, { device: 'mobile0', subnet: MOBILE });
  }

  /** Puts a router of its own between a person and the Internet. */
  #route(host: string, nat: Exclude<Nat, 'open'>, index: number, lan: Lan): void {
    const router = this.#add(`router${index}`);
    this.#wire(router, 'wan0', index);
    this.#ip(router, 'link add lan0 type bridge');
    this.#ip(router, `address add ${lan.subnet}.1/24 dev lan0`);
    this.#ip(router, 'link set lan0 up');
    this.#plugIn(host, router, lan, 2);
    within(router, 'sh', ['-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
    within(router, 'nft', ['-f', '-'], [...CHAINS, ...RULES[nat], ''].join('\n'));
  }

  /** Joins a device to a router's own network. `number`: the last part of its address. */
  #plugIn(host: string, router: string, lan: Lan, number: number): void {
    const { device, subnet } = lan;
    this.#homes.set(host, { router, lan });
    this.#ip(router, `link add port${number} type veth peer name ${device} netns ${host}`);
    this.#ip(router, `link set port${number} master lan0 up`);
    this.#ip(host, `address add ${subnet}.${number}/24 dev ${device}`);
    this.plugBack(host);
  }

  #homeOf(host: string): Home {
    const home = this.#homes.get(host);
    if (!home) throw new Error(`${host} is behind no router`);
    return home;
  }

  /** The device of a person who is behind a router is in no network: its cable is out, or it is too far from its Wi-Fi. */
  unplug(host: string): void {
    this.#ip(host, `link set ${this.#homeOf(host).lan.device} down`);
  }

  /** It is in its network again. */
  plugBack(host: string): void {
    const { device, subnet } = this.#homeOf(host).lan;
    this.#ip(host, `link set ${device} up`);
    // The kernel forgot it with the link.
    this.#ip(host, `route add default via ${subnet}.1`);
  }

  /** The provider gives the router of a person another address: what it had mapped is forgotten. */
  renumber(host: string): void {
    const { router } = this.#homeOf(host);
    this.#ip(router, `address flush dev wan0`);
    this.#ip(router, `address add ${publicAddress(this.#addresses++)}/24 dev wan0`);
    this.#ip(router, `route replace default via ${SERVER_ADDRESS}`);
  }

  /**
   * Narrows what leaves a person's home, as lines at home are: so many bytes a second, behind a queue of that many bytes. What
   * finds no room there is lost.
   */
  narrowUplink(host: string, bytesPerSecond: number, queueBytes: number): void {
    this.#narrow(host, 'wan0', bytesPerSecond, queueBytes);
  }

  /** The same of what comes in. */
  narrowDownlink(host: string, bytesPerSecond: number, queueBytes: number): void {
    this.#narrow(host, 'lan0', bytesPerSecond, queueBytes);
  }

  #narrow(host: string, device: string, bytesPerSecond: number, queueBytes: number): void {
    const rate = ['rate', `${8 * bytesPerSecond}bit`, 'burst', `${LINE_BURST_BYTES}`, 'limit', `${queueBytes}`];
    within(this.#homeOf(host).router, 'tc', ['qdisc', 'replace', 'dev', device, 'root', 'tbf', ...rate]);
  }

  /** Stops whatever runs at a person's, as when a laptop is closed, or has it go on. */
  setAsleep(host: string, isAsleep: boolean): void {
    const pids = execFileSync('ip', ['netns', 'pids', host], { encoding: 'utf8' });
    for (const pid of pids.split('\n').filter(Boolean)) process.kill(Number(pid), isAsleep ? 'SIGSTOP' : 'SIGCONT');
  }

  /** Takes it all down. What runs in a namespace must have ended. */
  close(): void {
    for (const name of this.#namespaces.splice(0)) execFileSync('ip', ['netns', 'delete', name]);
  }

  /** Joins an interface to the Internet. */
  #wire(namespace: string, device: string, index: number): void {
    this.#ip(this.servers, `link add person${index} type veth peer name ${device} netns ${namespace}`);
    this.#ip(this.servers, `link set person${index} master internet up`);
    this.#ip(namespace, `address add ${publicAddress(index)}/24 dev ${device}`);
    this.#ip(namespace, `link set ${device} up`);
    this.#ip(namespace, `route add default via ${SERVER_ADDRESS}`);
  }

  /** Joins a person to the Internet of IPv6, where routers hide nobody. Duplicates are not looked for: that takes a second. */
  #wireIpv6(host: string, index: number): void {
    this.#ip(this.servers, `link add six${index} type veth peer name eth1 netns ${host}`);
    this.#ip(this.servers, `link set six${index} master internet up`);
    this.#ip(host, 'link set eth1 up');
    this.#ip(host, `-6 address add 2001:db8::${index + 10}/64 dev eth1 nodad`);
    this.#ip(host, '-6 route add default via 2001:db8::1 dev eth1');
  }

  #add(name: string): string {
    const namespace = `skein-${process.pid}-${name}`;
    execFileSync('ip', ['netns', 'add', namespace], { stdio: 'pipe' });
    this.#namespaces.push(namespace);
    this.#ip(namespace, 'link set lo up');
    return namespace;
  }

  #ip(namespace: string, words: string): void {
    execFileSync('ip', ['-n', namespace, ...words.split(' ')], { stdio: 'pipe' });
  }
}

function canNetwork(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !inPath('ip') || !inPath('tc') || !inPath('nft'))
    return false;
  try {
    new NatNetwork().close();
    return true;
  } catch {
    return false;
  }
}

/** The program and its words to start `program` with: inside of a namespace, or here. */
export function commandIn(
  namespace: string | undefined,
  program: string,
  args: readonly string[],
): readonly [program: string, args: readonly string[]] {
  return namespace === undefined ? [program, args] : ['ip', ['netns', 'exec', namespace, program, ...args]];
}

function within(namespace: string, program: string, args: readonly string[], input = ''): void {
  const [command, words] = commandIn(namespace, program, args);
  execFileSync(command, words, { input, stdio: 'pipe' });
}
