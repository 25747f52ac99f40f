import type { RefObject } from 'preact';
import { useLayoutEffect } from 'preact/hooks';

/**
 * Hands the focus on when the element that holds it leaves the page, to what stands nearest: without it whoever uses the
 * keyboard, or hears the page, would be at its top again.
 */
export function useFocusHeir(ref: RefObject<Element | null>): void {
  useLayoutEffect(() => {
    const element = ref.current;
    return () => {
      if (!element?.contains(document.activeElement)) return;
      // One that is open in it would let nothing around it have the focus, and give it back into the element.
      for (const dialog of element.querySelectorAll('dialog')) dialog.close();
      handOn(element);
    };
  }, []);
}

/** Gives the focus to something that is no control, to be read and gone on from. */
export function focusPlace(place: HTMLElement): void {
  place.tabIndex = -1;
  place.focus({ preventScroll: true });
}

/** No fields: a phone would bring up its keyboard. */
const TAKES_FOCUS = ':is(button, select, summary):not(:disabled), [tabindex="0"]';

/** To what comes next, else to what comes before, beside the element or around it. */
function handOn(element: Element): void {
  for (let place: Element | null = element; place; place = place.parentElement) {
    for (const beside of besides(place)) {
      const controls = beside.querySelectorAll<HTMLElement | SVGElement>(TAKES_FOCUS);
      const candidates = beside.matches(TAKES_FOCUS) ? [beside as HTMLElement, ...controls] : [...controls];
      if (candidates.some(takesFocus)) return;
    }
  }
}

/** The siblings, the next ones first, the nearer before the farther. */
function* besides(place: Element): Generator<Element> {
  for (let next = place.nextElementSibling; next; next = next.nextElementSibling) yield next;
  for (let last = place.previousElementSibling; last; last = last.previousElementSibling) yield last;
}

/** Tries it: what is hidden, or in a part that is folded, takes none. */
function takesFocus(control: HTMLElement | SVGElement): boolean {
  control.focus({ preventScroll: true });
  return document.activeElement === control;
}
