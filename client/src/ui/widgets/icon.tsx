import type { LATER_ICONS } from './later-icons.ts';

/** The icons of the page's first picture: strokes on a 24 × 24 square. */
const FIRST_ICONS = {
  alert: 'M12 4 3 19.5h18ZM12 10v4.2M12 16.9v.2',
  auto: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17Zm0 0v17M12 8l6.5-2.7M12 12.5l8.4-2M12 17l7.2-1.8',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  close: 'm6 6 12 12M18 6 6 18',
  invite: 'M10 11.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM3 20.5a7 7 0 0 1 14 0M19 8v6M16 11h6',
  moon: 'M20 14.5A8.5 8.5 0 1 1 9.5 4 7 7 0 0 0 20 14.5Z',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2.5v2M12 19.5v2M4.5 12h-2M21.5 12h-2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4',
} as const;

export type IconName = keyof typeof FIRST_ICONS | keyof typeof LATER_ICONS;

/** The paths of all icons that are here, by name. */
const paths = new Map<string, string>(Object.entries(FIRST_ICONS));

/** Takes the icons of parts that come behind the first picture. */
export function addIcons(icons: Readonly<Record<string, string>>): void {
  for (const [name, path] of Object.entries(icons)) paths.set(name, path);
}

/** An icon beside words; hidden from screen readers, since the words say it. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths.get(name)} />
    </svg>
  );
}
