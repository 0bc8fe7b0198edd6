/** Finding parts of the page, those included that htmx brings in later. */

type Setup = (element: HTMLElement) => void;

const wanted: [selector: string, setup: Setup][] = [];
const done = new WeakMap<Setup, WeakSet<Element>>();

/** Calls `setup` once for each element that matches, now and after every swap. */
export function each(selector: string, setup: Setup): void {
  wanted.push([selector, setup]);
  done.set(setup, new WeakSet());
  apply(selector, setup);
}

function apply(selector: string, setup: Setup): void {
  const seen = done.get(setup)!;
  for (const element of document.querySelectorAll<HTMLElement>(selector)) {
    if (seen.has(element)) continue;
    seen.add(element);
    setup(element);
  }
}

/** Looks for new elements; called after the page has changed. */
export function look(): void {
  for (const [selector, setup] of wanted) apply(selector, setup);
}

document.addEventListener("htmx:after:swap", look);

export function find<T extends HTMLElement = HTMLElement>(selector: string, within: ParentNode = document): T | null {
  return within.querySelector<T>(selector);
}

/** An element with text and attributes; attribute values are never parsed as HTML. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** An icon of the sprite; the page says where the sprite is. */
export function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${find("script[data-sprite]")?.dataset["sprite"] ?? ""}#${name}`);
  svg.append(use);
  return svg;
}

export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}
