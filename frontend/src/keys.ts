/** The keyboard: j and k through rows, / to search, ? for help; any [data-key="r"] is pressed by r. */
import { find, isTyping } from "./page";
import { openPalette } from "./palette";

const ROWS = ".row, .duty, .step, tbody > tr";
const REACH = ".row-link, a[href], button, summary";

function step(by: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>(`#main :is(${ROWS})`)].filter(
    (row) => row.offsetParent && row.querySelector(REACH),
  );
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by];
  const reach = next && find(REACH, next);
  reach?.focus({ focusVisible: true } as FocusOptions);
  reach?.scrollIntoView({ block: "nearest" });
}

export function start(): void {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return closeMenus();
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || find("dialog[open]")) return;
    if (press(event.key)) event.preventDefault();
  });
  document.addEventListener("click", ({ target }) => {
    for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
      if (!menu.contains(target as Node)) menu.open = false;
    }
  });
}

function press(key: string): boolean {
  switch (key) {
    case "j": step(1); return true;
    case "k": step(-1); return true;
    case "?": find<HTMLDialogElement>("#keys")?.showModal(); return true;
    case "/": {
      const search = find<HTMLInputElement>('#main input[type="search"]');
      if (search) search.focus();
      else openPalette();
      return true;
    }
    default: {
      const element = /^[a-z0-9]$/i.test(key) ? find(`#main [data-key="${key.toLowerCase()}"]`) : null;
      element?.click();
      return element !== null;
    }
  }
}

function closeMenus(): void {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
    menu.open = false;
    find("summary", menu)?.focus();
  }
}
