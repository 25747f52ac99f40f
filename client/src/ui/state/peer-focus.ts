import { computed, signal } from '@preact/signals';

/** The peer under the pointer or the keyboard's focus, in whichever view: all views mark it. */
export const pointed = signal<string | undefined>();

/** The peer that was picked with a click or Enter; it stays marked. */
export const picked = signal<string | undefined>();

/** The peer that every view marks. */
export const marked = computed(() => pointed.value ?? picked.value);

/** Picks a peer, or lets go of it when it is picked already. */
export function togglePicked(id: string): void {
  picked.value = picked.value === id ? undefined : id;
}

/**
 * What an element of a peer needs, so that pointing at it marks it everywhere. Only a pointer that moves points: one that
 * rests, and under which the page moved an element, is not to take the mark from the keyboard.
 */
export function pointsAt(id: string): {
  readonly onPointerMove: () => void;
  readonly onPointerLeave: () => void;
} {
  return { onPointerMove: () => (pointed.value = id), onPointerLeave: () => (pointed.value = undefined) };
}
