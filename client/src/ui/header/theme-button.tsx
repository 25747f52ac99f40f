import { nextTheme, theme, type Theme } from '../state/theme.ts';
import { Button } from '../widgets/button.tsx';
import type { IconName } from '../widgets/icon.tsx';

const LOOKS: Readonly<Record<Theme, { readonly icon: IconName; readonly label: string }>> = {
  auto: { icon: 'auto', label: 'Theme: as the system' },
  light: { icon: 'sun', label: 'Theme: light' },
  dark: { icon: 'moon', label: 'Theme: dark' },
};

/** Steps through automatic, light and dark. */
export function ThemeButton() {
  const { icon, label } = LOOKS[theme.value];
  return <Button testId="theme-button" label={label} icon={icon} iconOnly look="quiet" onClick={nextTheme} />;
}
