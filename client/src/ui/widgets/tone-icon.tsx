import { Icon, type IconName } from './icon.tsx';

export type Tone = 'good' | 'waiting' | 'warning' | 'bad';

const ICONS: Readonly<Record<Tone, IconName | undefined>> = {
  good: 'check',
  waiting: undefined,
  warning: 'alert',
  bad: 'close',
};

/** The icon that goes with a tone: a sign, or a turning circle while waiting. */
export function ToneIcon({ tone }: { readonly tone: Tone }) {
  const name = ICONS[tone];
  return <span class={`tone-icon ${tone}`}>{name ? <Icon name={name} /> : <span class="spinner" />}</span>;
}
