/** Keys that move the focus, and by how many items; the ends are `Home` and `End`. */
export interface RovingKeys {
  readonly back: readonly string[];
  readonly forth: readonly string[];
}

/** Up and down a list. */
export const LIST_KEYS: RovingKeys = { back: ['ArrowUp'], forth: ['ArrowDown'] };

/**
 * Moves the focus among the elements of `container` that `selector` finds, so that a long list is one stop of the Tab
 * key (the field's "roving tabindex"). Returns false when the key is none of these.
 */
export function moveFocus(event: KeyboardEvent, container: Element, selector: string, keys: RovingKeys): boolean {
  const items = [...container.querySelectorAll<HTMLElement>(selector)];
  const at = items.findIndex((item) => item === document.activeElement);
  const to = targetOf(event.key, at, items.length, keys);
  if (to === undefined) return false;
  event.preventDefault();
  items[to]?.focus();
  return true;
}

/** The index that a key leads to from `at`; undefined for other keys. The ends do not wrap. */
export function targetOf(key: string, at: number, count: number, keys: RovingKeys): number | undefined {
  if (count === 0) return undefined;
  if (keys.back.includes(key)) return Math.max(0, at - 1);
  if (keys.forth.includes(key)) return Math.min(count - 1, at + 1);
  if (key === 'Home') return 0;
  if (key === 'End') return count - 1;
  return undefined;
}

/** The index that one step, forth (1) or back (-1), leads to from `at` where the ends meet; -1 is nowhere yet. */
export function stepRound(at: number, by: 1 | -1, count: number): number {
  return (Math.max(at, by === 1 ? -1 : 0) + by + count) % count;
}
