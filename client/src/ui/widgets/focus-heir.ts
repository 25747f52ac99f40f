import type { RefObject } from 'preact';
import { useLayoutEffect } from 'preact/hooks';

/**
 * Hands the focus on when the element that holds it leaves the page, to the row or card beside it, else to what stands next: without
 * it whoever uses the keyboard, or hears the page, would be at its top again.
 */
export function useFocusHeir(ref: RefObject<HTMLElement | null>): void {
  useLayoutEffect(() => {
    const element = ref.current;
    return () => {
      if (element?.contains(document.activeElement)) heirOf(element)?.focus({ preventScroll: true });
    };
  }, []);
}

const TAKES_FOCUS = 'button:not(:disabled), [tabindex="0"]';

function heirOf(element: HTMLElement): HTMLElement | null | undefined {
  const beside = element.nextElementSibling ?? element.previousElementSibling;
  if (beside) return beside.querySelector<HTMLElement>(TAKES_FOCUS);
  const around = element.parentElement?.closest('section, main');
  return [...(around?.querySelectorAll<HTMLElement>(TAKES_FOCUS) ?? [])].find((each) => !element.contains(each));
}
