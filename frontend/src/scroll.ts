/** What scrolls by itself can be reached and moved by keyboard, and says what it is; tabs show the one we are on. */
import { each } from "./page";

const NAMES: Record<string, string> = { PRE: "Text" };

function nameOf(element: HTMLElement): string {
  const section = element.closest("section, dialog")?.querySelector("h1, h2, h3")?.textContent;
  const kind = NAMES[element.tagName] ?? "Table";
  return section ? `${section}: ${kind.toLowerCase()}` : kind;
}

export function start(): void {
  document.querySelector(".tabs > [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  each(".table, pre, .diff, .log", (element) => {
    if (element.hasAttribute("tabindex")) return;
    new ResizeObserver(() => {
      const scrolls = element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight;
      if (!scrolls) return ["tabindex", "role", "aria-label"].forEach((name) => element.removeAttribute(name));
      element.tabIndex = 0;
      element.setAttribute("role", "region");
      element.setAttribute("aria-label", nameOf(element));
    }).observe(element);
  });
}
