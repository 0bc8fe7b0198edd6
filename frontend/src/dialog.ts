/**
 * Links with `data-dialog` open their page's content (or the part after `#`) above this page. The
 * server needs to know nothing of it: a form inside is answered by the same page with errors, or
 * by a redirect, as without JavaScript.
 */
import { csrfToken, morph, process } from "./htmx";
import { find, look } from "./page";
import { toast, type Kind } from "./toast";

const dialog = (): HTMLDialogElement => find<HTMLDialogElement>("#dialog")!;
const body = (): HTMLElement => find("#dialog-body")!;
const parse = (html: string): Document => new DOMParser().parseFromString(html, "text/html");

async function open(link: HTMLAnchorElement): Promise<void> {
  link.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
    if (answer.redirected && new URL(answer.url).pathname !== link.pathname) return location.assign(link.href);
    show(parse(await answer.text()), link.hash);
  } catch {
    location.assign(link.href);
  } finally {
    link.removeAttribute("aria-busy");
  }
}

function show(page: Document, part: string): void {
  const content = (part && page.querySelector(part)) || page.querySelector("#main");
  if (!content) return;
  const heading = content.querySelector("h1, h2");
  find("#dialog-title")!.textContent = heading?.textContent ?? page.title;
  heading?.remove();
  body().replaceChildren(...content.childNodes);
  body().dataset["part"] = part;
  for (const form of body().querySelectorAll("form")) form.dataset["inDialog"] = "";
  process(body());
  look();
  if (!dialog().open) dialog().showModal();
  const first = find('[aria-invalid="true"], [autofocus]', body()) ?? find("input:not([type=hidden]), select, textarea", body());
  (first ?? find(".button.primary", body()))?.focus();
}

async function send(form: HTMLFormElement, submitter: HTMLElement | null): Promise<void> {
  const data = new FormData(form, submitter);
  const action = submitter?.getAttribute("formaction") ?? form.getAttribute("action") ?? "";
  const multipart = form.enctype === "multipart/form-data";
  try {
    const answer = await fetch(action || location.href, {
      method: "POST",
      headers: { Accept: "text/html", "X-CSRFToken": csrfToken() },
      body: multipart ? data : new URLSearchParams(data as unknown as Record<string, string>),
    });
    const page = parse(await answer.text());
    if (!answer.redirected) return show(page, body().dataset["part"] ?? "");
    dialog().close();
    if (new URL(answer.url).pathname !== location.pathname) return location.assign(answer.url);
    await bring(page);
  } catch {
    toast("No answer from Watchbill. Nothing was changed as far as is known; look, then try again.", "bad");
  } finally {
    form.dispatchEvent(new Event("wb:answered", { bubbles: true }));
  }
}

/** The answer was this very page: show what has changed in it, and its messages as notices. */
async function bring(page: Document): Promise<void> {
  for (const message of page.querySelectorAll(".messages > .toast")) {
    const kind = (["good", "warn", "bad"] as const).find((name) => message.classList.contains(name)) ?? "";
    toast(message.querySelector("p")?.textContent ?? "", kind satisfies Kind);
  }
  page.querySelector(".messages")?.remove();
  const main = page.querySelector("#main");
  if (main) await morph(find("#main")!, main.outerHTML);
}

export function start(): void {
  document.addEventListener("click", (event) => {
    const target = event.target as Element;
    if (target.closest("[data-close]")) return target.closest("dialog")?.close();
    if (target instanceof HTMLDialogElement && target.open && !inside(target, event)) return target.close();
    const link = target.closest<HTMLAnchorElement>("a[data-dialog]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    void open(link);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    const method = event.submitter?.getAttribute("formmethod") ?? form.method;
    if (event.defaultPrevented || !("inDialog" in form.dataset) || method !== "post" || form.matches("[hx-post]")) return;
    event.preventDefault();
    void send(form, event.submitter);
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
