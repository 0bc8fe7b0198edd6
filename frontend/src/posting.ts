/**
 * Forms that post are sent without leaving the page, and the server needs to know nothing of it: it
 * redirects after success and renders the form again with what is wrong, as without JavaScript. A
 * redirect to this very page changes only what changed in it. `data-plain` sends a form as ever.
 */
import { show, shownPart } from "./dialog";
import { csrfToken, morph } from "./htmx";
import { find, look } from "./page";
import { toast, type Kind } from "./toast";

async function send(form: HTMLFormElement, submitter: HTMLElement | null): Promise<void> {
  const data = new FormData(form, submitter);
  const action = submitter?.getAttribute("formaction") ?? form.getAttribute("action") ?? "";
  const body = form.enctype === "multipart/form-data" ? data : new URLSearchParams(data as unknown as Record<string, string>);
  try {
    const answer = await fetch(action || location.href, {
      method: "POST", headers: { Accept: "text/html", "X-CSRFToken": csrfToken() }, body,
    });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    await take(answer, page, form);
  } catch {
    toast("No answer from Watchbill. Look whether it was done before you try again.", "bad");
  } finally {
    form.dispatchEvent(new Event("wb:answered", { bubbles: true }));
  }
}

async function take(answer: Response, page: Document, form: HTMLFormElement): Promise<void> {
  const dialog = form.closest("dialog");
  const main = page.querySelector("#main");
  if (answer.redirected) {
    const url = new URL(answer.url);
    if (url.pathname !== location.pathname || !main?.matches(".page")) return location.assign(url);
    form.reset(); // what was typed is kept now, and the form is ready for the next
    dialog?.close();
    history.replaceState(history.state, "", url);
    return bring(page, main);
  }
  if (!main?.matches(".page")) return toast(page.querySelector("h1")?.textContent ?? "That did not work.", "bad");
  if (dialog) return show(page, shownPart());
  await bring(page, main);
  (find('#main [aria-invalid="true"]') ?? find("#main"))?.focus();
}

/** Shows what differs in the main part, and the page's messages as notices. */
async function bring(page: Document, main: Element): Promise<void> {
  for (const message of main.querySelectorAll(".messages > .toast")) {
    const kind: Kind = (["good", "warn", "bad"] as const).find((name) => message.classList.contains(name)) ?? "";
    toast(message.querySelector("p")?.textContent ?? "", kind);
  }
  main.querySelector(".messages")?.remove();
  await morph(find("#main")!, main.outerHTML);
  document.title = page.title;
  look();
}

export function start(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    const method = event.submitter?.getAttribute("formmethod") ?? form.method;
    const ours = form.closest("#dialog, .page") && !form.matches("[data-plain], [hx-post], [target]");
    if (event.defaultPrevented || method !== "post" || !ours) return;
    event.preventDefault();
    void send(form, event.submitter);
  });
}
