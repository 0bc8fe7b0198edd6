/** Light, dark or as the system says. Kept in a cookie, so that the server draws it at once. */
import { each } from "./page";

function current(): string {
  return document.documentElement.dataset["theme"] ?? "auto";
}

function choose(theme: string): void {
  if (theme === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  const age = theme === "auto" ? 0 : 365 * 86400;
  document.cookie = `theme=${theme}; path=/; max-age=${age}; samesite=lax`;
  mark();
  document.dispatchEvent(new Event("wb:theme"));
}

function mark(): void {
  for (const button of document.querySelectorAll<HTMLElement>("[data-theme-set]")) {
    button.setAttribute("aria-pressed", String(button.dataset["themeSet"] === current()));
  }
}

export function start(): void {
  each("[data-theme-set]", (button) => {
    button.parentElement!.hidden = false;
    button.addEventListener("click", () => choose(button.dataset["themeSet"]!));
  });
  mark();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    document.dispatchEvent(new Event("wb:theme"));
  });
}
