import { addIcons } from './icon.tsx';

/** Icons that the page's first picture does not show: strokes on a 24 × 24 square. */
export const LATER_ICONS = {
  bell: 'M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15ZM10 20.5h4',
  chevron: 'm9 6 6 6-6 6',
  copy: 'M9 9h11v11H9ZM5 15H4V4h11v1',
  dot: 'M12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5Z',
  down: 'M12 5v13M6.5 12.5 12 18l5.5-5.5',
  external: 'M14 4h6v6M20 4l-9 9M18 14v6H4V6h6',
  file: 'M6 3h8l4.5 4.5V21H6ZM14 3v4.5h4.5',
  folder: 'M3 6h6l2 2.5h10V19H3Z',
  info: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17ZM12 11v5M12 7.8v.2',
  link: 'M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1',
  mic: 'M12 3.5a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0v-5a3 3 0 0 0-3-3ZM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21',
  micOff:
    'M9 9v2.5a3 3 0 0 0 4.5 2.6M15 11V6.5a3 3 0 0 0-5.8-1M5.5 11a6.5 6.5 0 0 0 10 5.5M18.5 11a6.4 6.4 0 0 1-.6 2.7M12 17.5V21M4 4l16 16',
  pause: 'M9 5.5v13M15 5.5v13',
  pencil: 'm4 20 1-4.2L16 4.8 19.2 8 8.2 19Z',
  phone:
    'M6 3.5h3l2 5L8.5 10.5a12 12 0 0 0 5 5L15.5 13l5 2v3a2.5 2.5 0 0 1-2.5 2.5A14.5 14.5 0 0 1 3.5 6 2.5 2.5 0 0 1 6 3.5Z',
  play: 'm8 5.5 10.5 6.5L8 18.5Z',
  qr: 'M4 4h6v6H4ZM14 4h6v6h-6ZM4 14h6v6H4ZM14 14h2v2h-2ZM18 18h2v2h-2ZM18 14.5h2M14 19.5h2',
  save: 'M12 4v11M7 10.5l5 5 5-5M4.5 19.5h15',
  share: 'M12 15V4M7 8.5l5-5 5 5M4.5 14.5v5h15v-5',
  stop: 'M6.5 6.5h11v11h-11Z',
  trash: 'M4.5 7h15M9.5 7V4h5v3M6.5 7l.8 13.5h9.4L17.5 7M10.3 11v5.5M13.7 11v5.5',
  up: 'M12 19V6M6.5 11.5 12 6l5.5 5.5',
  video: 'M3 6.5h12v11H3ZM15 10.5l6-3.5v10l-6-3.5',
  videoOff: 'M8 6.5h7v7M15 17.5H3v-11h1M15 10.5l6-3.5v10l-4-2.3M4 3.5l16 17',
} as const;

/** Has them drawn from now on. A call, and nothing that a module does by itself: bundlers take modules for free of side effects. */
export function addLaterIcons(): void {
  addIcons(LATER_ICONS);
}
