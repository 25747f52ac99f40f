import { options } from 'preact';
import { DrawPace } from '../view/draw-pace.ts';
import { isSlow } from './smoothness.ts';

/** What a person does with a page, by pointer, keys, touch or a screen reader. */
const TOUCHES = ['pointerdown', 'pointerover', 'keydown', 'input', 'click', 'focusin'] as const;

/** Has a device that does not draw smoothly draw the page seldom, but for what the person does: what it is busy with goes first. */
export function paceDrawing(): void {
  const pace = new DrawPace();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let draw = (): void => {};
  options.debounceRendering = (flush) => {
    draw = () => {
      timer = undefined;
      pace.drawn(performance.now());
      flush();
    };
    const wait = pace.wait(performance.now(), isSlow.peek());
    if (wait > 0) timer = setTimeout(draw, wait);
    else queueMicrotask(draw);
  };
  const onTouch = (): void => {
    pace.touched(performance.now());
    if (timer === undefined) return;
    clearTimeout(timer);
    draw();
  };
  for (const type of TOUCHES) addEventListener(type, onTouch, { capture: true, passive: true });
}
