import { effect } from '@preact/signals';
import { render } from 'preact';
import { App } from './app.tsx';
import { guardErrors } from './guards.ts';
import { readSettings } from './settings.ts';
import { loadLater, warmUp } from './state/later.ts';
import { node, startSession } from './state/session.ts';
import { startTheme } from './state/theme.ts';

guardErrors();
startTheme();

const settings = readSettings(location.search);
const root = document.getElementById('app');
if (root) render(<App wantsMemory={settings.storage === 'memory'} />, root);

effect(() => {
  if (node.value) warmUp();
});

void startSession(settings);
// Behind the load, so that it takes nothing from what the first picture and joining need.
if (document.readyState === 'complete') void loadLater();
else addEventListener('load', () => void loadLater(), { once: true });
