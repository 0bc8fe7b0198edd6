/** Short notices. From the server: the header HX-Trigger: {"wb:toast": {"text": "…", "kind": "good"}}. */
import { find, icon, make } from "./page";

export type Kind = "good" | "warn" | "bad" | "";
const ICONS = { good: "circle-check", warn: "triangle-alert", bad: "octagon-alert", "": "info" } as const;

export function toast(text: string, kind: Kind = ""): void {
  const close = make("button", { type: "button", "aria-label": "Close" }, icon("x"));
  const notice = make("div", { class: `toast ${kind}` }, icon(ICONS[kind]), make("p", {}, text), close);
  close.addEventListener("click", () => notice.remove());
  find("#toasts")?.append(notice);
  if (kind !== "bad") fade(notice);
}

/** Goes away after eight seconds, but not while somebody reads it. */
function fade(notice: HTMLElement): void {
  setTimeout(() => (notice.matches(":hover, :focus-within") ? fade(notice) : notice.remove()), 8000);
}

export function start(): void {
  document.addEventListener("wb:toast", (event) => {
    const { text, kind } = (event as CustomEvent<{ text: string; kind?: Kind }>).detail;
    toast(text, kind ?? "");
  });
  document.addEventListener("htmx:error", () => {
    toast("No answer from Watchbill. Nothing was changed; try again.", "bad");
  });
  document.addEventListener("htmx:response:error", (event) => {
    const { status } = (event as CustomEvent<{ ctx: { response: { status: number } } }>).detail.ctx.response;
    if (status >= 500) toast("Something broke in Watchbill; it has been written to the log.", "bad");
  });
}
