import { signal } from '@preact/signals';

/** A card on top of the page: what happened, what still works, and at most one thing to do. */
export interface Notice {
  /** One notice per key is shown; a newer one replaces it. */
  readonly key: string;
  readonly kind: 'info' | 'warning' | 'error';
  readonly title: string;
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

/** Most notices shown at a time; the oldest goes first. */
const MAX_NOTICES = 4;

/** Notices about events; those about lasting conditions come from `view/conditions.ts`. BOUNDED: by MAX_NOTICES. */
export const notices = signal<readonly Notice[]>([]);

/** Keys of lasting conditions that the person has closed, until the condition is over. BOUNDED: by the conditions there are. */
export const closedConditions = signal<ReadonlySet<string>>(new Set());

/** What a screen reader says next: the first who join, shares that are ready, and finished downloads only. */
export const announcement = signal('');

export function pushNotice(notice: Notice): void {
  const others = notices.value.filter((other) => other.key !== notice.key);
  notices.value = [...others, notice].slice(-MAX_NOTICES);
}

export function dropNotice(key: string): void {
  notices.value = notices.value.filter((notice) => notice.key !== key);
}

export function announce(text: string): void {
  announcement.value = text;
}
