// Whether a page can be used by everyone, as far as a machine can tell.

import axe, { type AxeResults } from "axe-core";
import { type Frame, expect } from "@playwright/test";

const RULES = { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] };

/** Fails with each broken rule and the elements that break it. */
export async function isUsableByAll(frame: Frame, name: string): Promise<void> {
  // Evaluated, not added as an element: the page's own security policy stays in force.
  await frame.evaluate(axe.source);
  const broken = await frame.evaluate(async (rules) => {
    const { axe } = window as unknown as { axe: { run(on: Document, options: object): Promise<AxeResults> } };
    // A frame is looked at on its own.
    const { violations } = await axe.run(document, { ...rules, iframes: false });
    return violations.map(({ id, help, nodes }) => `${id} (${help}): ${nodes.map((node) => node.html.slice(0, 160)).slice(0, 3).join(" | ")}`);
  }, RULES);
  expect.soft(broken, `${name} breaks rules of accessibility`).toEqual([]);
}
