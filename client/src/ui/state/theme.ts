import { effect, signal } from '@preact/signals';
import { readKept, writeKept } from './kept.ts';

export type Theme = 'auto' | 'light' | 'dark';

const KEY = 'skein.theme';
const ORDER: readonly Theme[] = ['auto', 'light', 'dark'];

export const theme = signal<Theme>(readTheme());

/** Applies the theme to the page, now and with every change. `auto` follows the system. */
export function startTheme(): void {
  effect(() => {
    document.documentElement.dataset['theme'] = theme.value;
    writeKept('local', KEY, theme.value);
  });
}

export function nextTheme(): void {
  theme.value = ORDER[(ORDER.indexOf(theme.value) + 1) % ORDER.length] ?? 'auto';
}

function readTheme(): Theme {
  const kept = readKept('local', KEY);
  return ORDER.find((known) => known === kept) ?? 'auto';
}
