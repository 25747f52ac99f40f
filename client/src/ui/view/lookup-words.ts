import { plural } from './plural.ts';

/** A lookup that failed, for people: what happened, what still works, and the one thing to do. */
export interface LookupProblem {
  readonly title: string;
  readonly text: string;
  readonly action: 'retry' | 'open-tab' | 'reload';
}

/**
 * What to say about a lookup that ended with `code`; `message` is the library's own sentence, `canOpenTab` whether another tab
 * of the page would load.
 */
export function lookupProblem(
  code: string | undefined,
  message: string,
  linkCount: number,
  canOpenTab: boolean,
): LookupProblem {
  if (code === 'no-links' || (linkCount === 0 && code !== 'left' && code !== 'internal')) {
    return {
      title: 'There is nobody to ask',
      text: 'No other peer is linked. Your files and your address stay; a lookup needs at least one other tab or device.',
      action: canOpenTab ? 'open-tab' : 'retry',
    };
  }
  if (code === 'timeout' || code === 'unreachable') {
    return {
      title: 'No answer came in time',
      text: `The peers on the way may just have left. ${linksLeft(linkCount)}; a second try takes another way.`,
      action: 'retry',
    };
  }
  if (code === 'refused') {
    return {
      title: 'Too many lookups at once',
      text: `${linksLeft(linkCount)}. Wait for the others to end, then try again.`,
      action: 'retry',
    };
  }
  if (code === 'left' || code === 'internal') return { title: 'The lookup failed', text: message, action: 'reload' };
  return { title: 'The lookup failed', text: message, action: 'retry' };
}

/** The key that a person means: 40 hex digits in any case and with spaces around, or any other text as it is. */
export function keyFromText(text: string): string {
  const digits = text.trim().toLowerCase();
  return /^[0-9a-f]{40}$/.test(digits) ? digits : text;
}

/** A word of warning about a text that looks like a key but is none; empty otherwise. */
export function keyWarning(text: string): string {
  const digits = text.trim();
  if (digits.length < 20 || digits.length === 40 || !/^[0-9a-f]+$/i.test(digits)) return '';
  return `These are ${digits.length} hex digits; a key has 40. It is looked up as a text.`;
}

/** How long and how far: `2 hops · 143 ms`. */
export function lookupFigures({ hops, ms }: { readonly hops: number; readonly ms: number }): string {
  return `${plural(hops, 'hop')} · ${Math.max(0, Math.round(ms))} ms`;
}

function linksLeft(linkCount: number): string {
  return `You still have ${plural(linkCount, 'link')}`;
}
