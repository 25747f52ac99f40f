import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { clientAddress, isFromLocalNetwork } from './address.ts';

function request(remoteAddress: string | undefined, forwarded?: string): IncomingMessage {
  return { socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } } as unknown as IncomingMessage;
}

test('an IPv4 address counts whole, however the socket writes it', () => {
  expect(clientAddress(request('192.0.2.7'), 0)).toBe('192.0.2.7');
  expect(clientAddress(request('::ffff:192.0.2.7'), 0)).toBe('192.0.2.7');
});

test('IPv6 addresses of one /64 are one account', () => {
  const account = clientAddress(request('2001:db8:1:2::1'), 0);
  expect(clientAddress(request('2001:db8:1:2:3:4:5:6'), 0)).toBe(account);
  expect(clientAddress(request('2001:db8:1:3::1'), 0)).not.toBe(account);
  expect(clientAddress(request('::1'), 0)).toBe('0:0:0:0::/64');
});

test('a forwarded address is believed only from the trusted proxies, and only what they wrote', () => {
  const lying = request('10.0.0.1', '198.51.100.9, 203.0.113.5');
  expect(clientAddress(lying, 0)).toBe('10.0.0.1');
  expect(clientAddress(lying, 1)).toBe('203.0.113.5');
  expect(clientAddress(lying, 2)).toBe('198.51.100.9');
  expect(clientAddress(request('10.0.0.1', 'nonsense'), 1)).toBe('10.0.0.1');
  expect(clientAddress(request(undefined), 0)).toBe('unknown');
});

test('only private and loopback addresses count as the local network', () => {
  for (const address of ['127.0.0.1', '192.168.1.4', '10.2.3.4', '172.20.0.1', '::1', 'fe80::1', 'fd00::1']) {
    expect(isFromLocalNetwork(request(address), 0)).toBe(true);
  }
  for (const address of ['8.8.8.8', '172.32.0.1', '2001:db8::1', '1.27.0.0']) {
    expect(isFromLocalNetwork(request(address), 0)).toBe(false);
  }
});
