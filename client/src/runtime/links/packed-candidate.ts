import { type Reader, type Writer, fromHex, toHex } from '../../../../shared/src/bytes.ts';

const TYPES = ['host', 'srflx', 'prflx', 'relay'] as const;
/** UDP, and TCP by what the candidate does (RFC 6544 §4.5). */
const TRANSPORTS = ['udp', 'active', 'passive', 'so'] as const;
/** By number on the wire: IPv4, IPv6, and a name of multicast DNS that is a UUID (as browsers hide addresses behind). */
const ADDRESS_BYTES = [4, 16, 16] as const;

/** What ICE needs of one candidate of component 1 (RFC 8839 §5.1). */
interface Candidate {
  readonly type: (typeof TYPES)[number];
  readonly transport: (typeof TRANSPORTS)[number];
  /** [0 .. 2^32) */
  readonly priority: number;
  readonly port: number;
  readonly addressKind: number;
  readonly address: Uint8Array;
}

/** Reads the value of an `a=candidate` line; undefined when it holds what a packed candidate cannot. */
export function parseCandidate(value: string): Candidate | undefined {
  const [, component, protocol, priority = '', host = '', port = '', typ, type, ...rest] = value.trim().split(/ +/);
  const tcpType = rest[rest.indexOf('tcptype') + 1];
  const transport = protocol?.toLowerCase() === 'udp' ? 'udp' : protocol?.toLowerCase() === 'tcp' ? tcpType : undefined;
  const address = parseAddress(host);
  const knownType = TYPES.find((each) => each === type);
  const knownTransport = TRANSPORTS.find((each) => each === transport);
  if (component !== '1' || typ !== 'typ' || !address || !knownType || !knownTransport) return undefined;
  if (!isDecimal(priority, 0xffff_ffff) || !isDecimal(port, 0xffff)) return undefined;
  return { type: knownType, transport: knownTransport, priority: Number(priority), port: Number(port), ...address };
}

/**
 * The value of the `a=candidate` line. Foundations are numbered: each candidate is a group of its own for ICE. The base
 * of a reflexive or relayed candidate is nobody's business, as in browsers (RFC 8839 §5.1: then all zeros, port 9).
 */
export function formatCandidate(candidate: Candidate, index: number): string {
  const { type, transport, priority, port, addressKind } = candidate;
  const protocol = transport === 'udp' ? 'udp' : 'tcp';
  const base = type === 'host' ? '' : ` raddr ${addressKind === 1 ? '::' : '0.0.0.0'} rport 9`;
  const tcpType = transport === 'udp' ? '' : ` tcptype ${transport}`;
  return `${index + 1} 1 ${protocol} ${priority} ${formatAddress(candidate)} ${port} typ ${type}${base}${tcpType}`;
}

export function writeCandidate(writer: Writer, candidate: Candidate): void {
  const { type, transport, priority, port, addressKind, address } = candidate;
  writer.u8(TYPES.indexOf(type) | (addressKind << 2) | (TRANSPORTS.indexOf(transport) << 4));
  writer.u32(priority).u16(port).bytes(address);
}

export function readCandidate(reader: Reader): Candidate | undefined {
  const kind = reader.u8();
  const priority = reader.u32();
  const port = reader.u16();
  const type = TYPES[kind & 3];
  const addressKind = (kind >> 2) & 3;
  const transport = TRANSPORTS[kind >> 4];
  const length = ADDRESS_BYTES[addressKind];
  if (!type || !transport || length === undefined) return undefined;
  const address = reader.bytes(length);
  return reader.ok ? { type, transport, priority, port, addressKind, address } : undefined;
}

type Address = Pick<Candidate, 'addressKind' | 'address'>;

function parseAddress(host: string): Address | undefined {
  const uuid = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.local$/.exec(host)?.[1];
  const named = uuid === undefined ? undefined : fromHex(uuid.replaceAll('-', ''));
  if (named) return { addressKind: 2, address: named };
  const address = host.includes(':') ? parseIpv6(host) : parseIpv4(host);
  return address && { addressKind: address.length === 4 ? 0 : 1, address };
}

function parseIpv4(host: string): Uint8Array | undefined {
  const parts = host.split('.');
  return parts.length === 4 && parts.every((part) => isDecimal(part, 255)) ? Uint8Array.from(parts, Number) : undefined;
}

/** Without zone and without dotted parts. */
function parseIpv6(host: string): Uint8Array | undefined {
  const [head = '', tail, ...more] = host.split('::');
  if (more.length > 0) return undefined;
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = 8 - before.length - after.length;
  if (tail === undefined ? zeros !== 0 : zeros < 1) return undefined;
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return fromHex(groups.map((group) => group.padStart(4, '0')).join(''));
}

function formatAddress({ addressKind, address }: Address): string {
  if (addressKind === 0) return address.join('.');
  const hex = toHex(address);
  if (addressKind === 1) return (hex.match(/.{4}/g) ?? []).map((group) => group.replace(/^0{1,3}/, '')).join(':');
  return `${hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}.local`;
}

/** True for a decimal number without leading zeros. */
export function isDecimal(text: string, max: number): boolean {
  return /^(?:0|[1-9][0-9]{0,9})$/.test(text) && Number(text) <= max;
}
