import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

/**
 * The address on whose account a request counts: IPv4 whole, IPv6 by its /64, which is what one household gets.
 * `trustedProxies` is the number of reverse proxies in front of the server; each appends one entry to
 * `x-forwarded-for`, and entries further left are the client's own invention.
 */
export function clientAddress(request: IncomingMessage, trustedProxies: number): string {
  return accountOf(remoteAddress(request, trustedProxies));
}

/** The same of a TCP connection. */
export function socketAddress(socket: { readonly remoteAddress?: string | undefined }): string {
  return accountOf(plain(socket.remoteAddress ?? ''));
}

/** True when the request comes from this machine or its local network. */
export function isFromLocalNetwork(request: IncomingMessage, trustedProxies: number): boolean {
  const address = remoteAddress(request, trustedProxies);
  if (isIPv4(address)) return isPrivateIPv4(address);
  return /^(::1$|f[cd]|fe[89ab])/i.test(address);
}

/** The IPv4 addresses of this machine under which other devices of its network reach it. */
export function lanAddresses(): string[] {
  const found: string[] = [];
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { family, internal, address } of addresses ?? []) {
      if (family === 'IPv4' && !internal && isPrivateIPv4(address)) found.push(address);
    }
  }
  return found;
}

function remoteAddress(request: IncomingMessage, trustedProxies: number): string {
  const socketAddress = plain(request.socket.remoteAddress ?? '');
  if (trustedProxies === 0) return socketAddress;
  const forwarded = [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
  const claimed = plain(forwarded.at(-trustedProxies)?.trim() ?? '');
  return isIPv4(claimed) || isIPv6(claimed) ? claimed : socketAddress;
}

/** `::ffff:192.0.2.1` is how a dual-stack socket writes an IPv4 address. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
}

function accountOf(address: string): string {
  if (!isIPv6(address)) return address || 'unknown';
  const [head = '', tail] = address.toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros =
    tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  return `${[...left, ...zeros, ...right].slice(0, 4).join(':')}::/64`;
}

function isPrivateIPv4(address: string): boolean {
  return /^(10\.|127\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.)/.test(address);
}
