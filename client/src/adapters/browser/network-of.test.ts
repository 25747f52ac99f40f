import { expect, test } from 'vitest';
import { networkOf } from './network-of.ts';

test.each([
  ['198.51.100.7', '198.51.100'],
  ['2001:db8:5:6::1', '2001:db8:5'],
  ['2001:0DB8:0005::', '2001:db8:5'],
  ['2001:db8::7', '2001:db8:0'],
  ['::ffff:198.51.100.7', '198.51.100'],
  ['[2001:db8:5:6::1]', '2001:db8:5'],
])('%s is in the network %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test.each([
  '10.1.2.3',
  '172.20.1.1',
  '192.168.1.1',
  '127.0.0.1',
  '169.254.3.4',
  '100.64.1.1',
  '224.0.0.1',
  '1.2.3.999',
  'fe80::1',
  'fd12:3456:789a::1',
  '::1',
  '8f1d2a5c-0d.local',
  'a::b::c',
  '',
])('%s is in no public network', (address) => {
  expect(networkOf(address)).toBeUndefined();
});
