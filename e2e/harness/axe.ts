import axe from 'axe-core';
import type { Tab } from './tab.ts';

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: unknown }[];
}

/** What axe-core finds wrong on the page as it stands, rule by rule. */
export async function violations(tab: Tab): Promise<string[]> {
  // Evaluated by the browser itself, so the page's policy against foreign scripts does not apply.
  await tab.page.evaluate(axe.source);
  const found = await tab.page.evaluate<Violation[]>(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }).then((result) => result.violations)`,
  );
  return found.map((each) => `${each.id}: ${each.nodes.map((node) => String(node.target)).join(', ')}`);
}
