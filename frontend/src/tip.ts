/** What [data-tip] says, shown on hover and focus; Esc closes it, and it may be hovered itself. */
import { make } from "./page";

const tip = make("div", { class: "tip", id: "tip", role: "tooltip", popover: "manual" });
let of: HTMLElement | null = null;
let timer = 0;

function show(element: HTMLElement): void {
  hide();
  of = element;
  tip.textContent = element.dataset["tip"]!;
  (element.closest("dialog") ?? document.body).append(tip);
  element.setAttribute("aria-describedby", "tip");
  tip.showPopover();
  const at = element.getBoundingClientRect();
  const size = tip.getBoundingClientRect();
  const above = at.top > size.height + 12;
  const left = Math.max(8, Math.min(at.left, innerWidth - size.width - 8));
  // A popover lies in the top layer: its containing block is the window, or the page when absolute.
  tip.style.left = `${left + scrollX}px`;
  tip.style.top = `${(above ? at.top - size.height - 6 : at.bottom + 6) + scrollY}px`;
}

function hide(): void {
  clearTimeout(timer);
  if (!of) return;
  of.removeAttribute("aria-describedby");
  of = null;
  if (tip.isConnected && tip.matches(":popover-open")) tip.hidePopover();
}

const tipped = (target: EventTarget | null): HTMLElement | null =>
  target instanceof Element ? target.closest<HTMLElement>("[data-tip]") : null;

export function start(): void {
  document.addEventListener("pointerover", ({ target, pointerType }) => {
    if (pointerType !== "mouse" || (target instanceof Node && tip.contains(target))) return clearTimeout(timer);
    const element = tipped(target);
    if (element === of && of) return clearTimeout(timer);
    clearTimeout(timer);
    timer = setTimeout(() => (element ? show(element) : hide()), element ? 350 : 150);
  });
  document.addEventListener("focusin", ({ target }) => {
    const element = tipped(target);
    if (element?.matches(":focus-visible")) show(element);
    else hide();
  });
  document.addEventListener("keydown", ({ key }) => key === "Escape" && hide());
  document.addEventListener("click", hide);
}
