import type { JoinOptions } from '../index.ts';

/** Longest name taken from the address bar. [UTF-16 units] `join` cuts by bytes. */
const MAX_NAME = 64;

/**
 * Join options from the query of the page's address, for tests and for people who know: `relay=1`, `name=…`,
 * `storage=memory`, `signaling=<origin>`, `links=<number to aim for>`. Anything else is ignored.
 */
export function readSettings(query: string): JoinOptions {
  const fields = new URLSearchParams(query);
  const name = fields.get('name')?.trim().slice(0, MAX_NAME) ?? '';
  const signaling = originOf(fields.get('signaling'));
  const links = fields.get('links') ?? '';
  return {
    ...(fields.get('relay') === '1' && { iceTransportPolicy: 'relay' as const }),
    ...(name !== '' && { name }),
    ...(fields.get('storage') === 'memory' && { storage: 'memory' as const }),
    ...(signaling !== undefined && { signaling }),
    ...(/^\d{1,3}$/.test(links) && { links: Number(links) }),
  };
}

function originOf(text: string | null): string | undefined {
  if (text === null || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.origin : undefined;
}
