import axe from 'axe-core';
import type { Tab } from './tab.ts';

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: unknown }[];
}

/** What axe-core finds wrong on the page as it stands, rule by rule, once no colour is on its way to another. */
export async function violations(tab: Tab): Promise<string[]> {
  await tab.page.evaluate(transitionsOver);
  // Evaluated by the browser itself, so the page's policy against foreign scripts does not apply.
  await tab.page.evaluate(axe.source);
  const found = await tab.page.evaluate<Violation[]>(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }).then((result) => result.violations)`,
  );
  return found.map((each) => `${each.id}: ${each.nodes.map((node) => String(node.target)).join(', ')}`);
}

/** In the page: resolves when the transitions that run have ended, or were given up. */
async function transitionsOver(): Promise<void> {
  // Styles that a change of colour scheme brings are only computed, and so only begin to move, with the next frame.
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  const transitions = document.getAnimations().filter((each) => each instanceof CSSTransition);
  await Promise.allSettled(transitions.map((each) => each.finished));
}
