/**
 * Links with `data-dialog` open their page's main part (or the part after `#`) above this page; a
 * form inside is sent from there (posting.ts). Without JavaScript the link leads to that page.
 */
import { process } from "./htmx";
import { find, look } from "./page";

const dialog = (): HTMLDialogElement => find<HTMLDialogElement>("#dialog")!;
const body = (): HTMLElement => find("#dialog-body")!;
let part = "";

/** The part of its page that the dialog shows, such as "#declare"; "" for the main part. */
export const shownPart = (): string => part;

async function open(link: HTMLAnchorElement): Promise<void> {
  link.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
    if (answer.redirected && new URL(answer.url).pathname !== link.pathname) return location.assign(link.href);
    show(new DOMParser().parseFromString(await answer.text(), "text/html"), link.hash);
  } catch {
    location.assign(link.href);
  } finally {
    link.removeAttribute("aria-busy");
  }
}

/** Puts a part of `page` into the dialog, its heading into the dialog's title. */
export function show(page: Document, wanted: string): void {
  const content = (wanted && page.querySelector(wanted)) || page.querySelector("#main");
  if (!content) return;
  part = wanted;
  const heading = content.querySelector("h1, h2");
  find("#dialog-title")!.textContent = heading?.textContent ?? page.title;
  heading?.remove();
  body().replaceChildren(...content.childNodes);
  process(body());
  look();
  if (!dialog().open) dialog().showModal();
  const field = "input:not([type=hidden]), select, textarea";
  const first = find('[aria-invalid="true"], [autofocus]', body()) ?? find(field, body());
  (first ?? find(".button.primary", body()))?.focus();
}

export function start(): void {
  document.addEventListener("click", (event) => {
    const target = event.target as Element;
    const closed = target.closest("[data-close]")?.closest("dialog");
    if (closed) {
      event.preventDefault();
      return closed.close();
    }
    if (target instanceof HTMLDialogElement && target.open && !inside(target, event)) return target.close();
    const link = target.closest<HTMLAnchorElement>("a[data-dialog]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    void open(link);
  });
  document.addEventListener("close", ({ target }) => {
    if (target === dialog()) body().replaceChildren();
  }, true);
}

/** A press on the backdrop lands on the dialog itself, outside its box. */
function inside(box: Element, { clientX, clientY }: MouseEvent): boolean {
  const { left, right, top, bottom } = box.getBoundingClientRect();
  return (clientX >= left && clientX <= right && clientY >= top && clientY <= bottom) || (!clientX && !clientY);
}
