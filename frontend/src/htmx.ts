/** htmx with our token on every request that changes something. Its other settings: base.html. */
import htmx from "htmx.org";

type Configured = { ctx: { request: { method: string; headers: Record<string, string> } } };

export const csrfToken = (): string =>
  document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";

document.addEventListener("htmx:config:request", (event) => {
  const { request } = (event as CustomEvent<Configured>).detail.ctx;
  if (request.method.toUpperCase() !== "GET") request.headers["X-CSRFToken"] = csrfToken();
});

/** Makes `target` look like `html`, keeping elements, focus and scroll where they are. */
export async function morph(target: Element, html: string): Promise<void> {
  await htmx.swap({ text: html, target, sourceElement: target, swap: "outerMorph" });
}

export const process = (element: Element): void => htmx.process(element);
