import { notices, pushNotice } from './state/notices.ts';
import { errorCode, errorText } from './view/errors.ts';

/** Errors that only say that something was ended on purpose. */
const ENDED_CODES: ReadonlySet<string> = new Set(['aborted', 'left', 'call-ended']);

/** Shows errors that nobody caught, instead of leaving a page that silently stopped working. */
export function guardErrors(): void {
  addEventListener('error', (event) => {
    // A resize observer that needs another round is no fault.
    if (!event.message.startsWith('ResizeObserver')) report(event.error);
  });
  addEventListener('unhandledrejection', (event) => {
    if (!ENDED_CODES.has(errorCode(event.reason) ?? '')) report(event.reason);
  });
}

function report(error: unknown): void {
  // What fails once may fail each second, and a new notice is brought into view each time.
  if (notices.value.some(({ key }) => key === 'internal')) return;
  pushNotice({
    key: 'internal',
    kind: 'error',
    title: 'Something went wrong inside the page',
    text: `${errorText(error)} What is running goes on as far as it can; reloading the page starts cleanly.`,
    action: { label: 'Reload', run: () => location.reload() },
  });
}
