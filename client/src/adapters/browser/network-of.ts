/**
 * The public network that an address belongs to: the first three numbers of an IPv4 address or the first three groups
 * of an IPv6 one (discv5 and BEP 42 count addresses the same way). Undefined for private, local and hidden (mDNS)
 * addresses and for what is no address: neighbours at home or in one room are many behind few addresses and no attack.
 */
export function networkOf(address: string): string | undefined {
  const numbers = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address)?.slice(1).map(Number);
  if (numbers) return networkOf4(numbers);
  const mapped = /^::ffff:(\d[\d.]+)$/i.exec(address)?.[1];
  return mapped === undefined ? networkOf6(address.replace(/^\[|\]$/g, '')) : networkOf(mapped);
}

function networkOf4(numbers: readonly number[]): string | undefined {
  const [a = 0, b = 0] = numbers;
  const isPrivate =
    a === 0 ||
    a === 10 ||
    a === 127 ||
    a >= 224 ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168);
  return isPrivate || numbers.some((number) => number > 255) ? undefined : numbers.slice(0, 3).join('.');
}

/** Global unicast is 2000::/3 (RFC 4291 §2.4); a site gets a /48 (RFC 6177). */
function networkOf6(address: string): string | undefined {
  const [head = '', tail, more] = address.split('::');
  if (!/^[\da-f:]{2,39}$/i.test(address) || more !== undefined) return undefined;
  const groups = head.split(':').filter((group) => group !== '');
  const known = tail === undefined ? groups : [...groups, '0', '0', '0'];
  const [first, second, third] = known.map((group) => Number.parseInt(group, 16));
  if (first === undefined || second === undefined || third === undefined || first >> 13 !== 1) return undefined;
  return [first, second, third].map((group) => group.toString(16)).join(':');
}
