/**
 * Any element with an id and `data-live="incident:42 alerts"` is fetched anew when one of its
 * topics changes, and made to look like the new one: from this page's address, or `data-live-url`.
 * It waits while somebody types inside or is about to press something in it, and what lies under
 * the pointer stays there.
 */
import { isBeingFilled } from "./forms";
import { morph } from "./htmx";
import { Hub, type Deliver, type News } from "./live-hub";
import type { Message } from "./live-worker";
import workerUrl from "./live-worker?worker&url";
import { find, make } from "./page";

const GATHER = 150; // ms: an act writes several topics
const WAIT = 700; // ms between looks whether the person is done
const PATIENCE = 8_000; // ms for a pointer that rests on a button

let send: (message: Message) => void;
let stale = new Map<HTMLElement, number>(); // element -> since when it waits
let timer = 0;
let joined = "";
let pointer: { x: number; y: number } | null = null;

const all = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>("[data-live][id]")];
const topicsOf = (element: HTMLElement): string[] => element.dataset["live"]!.split(/\s+/).filter(Boolean);
const urlOf = (element: HTMLElement): string => element.dataset["liveUrl"] ?? location.pathname + location.search;

function hear(news: News): void {
  if ("connected" in news) return banner(!news.connected);
  for (const element of all()) {
    if (topicsOf(element).some((topic) => news.topics.includes(topic)) && !stale.has(element)) stale.set(element, Date.now());
  }
  document.dispatchEvent(new CustomEvent("wb:news", { detail: news }));
  later(GATHER);
}

function later(delay: number): void {
  clearTimeout(timer);
  timer = setTimeout(() => void refresh(), delay);
}

async function refresh(): Promise<void> {
  if (!stale.size || document.hidden) return;
  const ready = new Map<string, HTMLElement[]>();
  for (const [element, since] of stale) {
    if (!element.isConnected) stale.delete(element);
    else if (!isBusy(element, since)) ready.set(urlOf(element), [...(ready.get(urlOf(element)) ?? []), element]);
  }
  for (const [url, elements] of ready) {
    for (const element of elements) stale.delete(element);
    await fetchAnew(url, elements);
  }
  if (stale.size) later(WAIT);
}

function isBusy(element: HTMLElement, since: number): boolean {
  if (isBeingFilled(element) || element.querySelector("dialog[open], form[data-sending]")) return true;
  const aimed = find("a:hover, button:hover, summary:hover, label:hover", element);
  return aimed !== null && Date.now() - since < PATIENCE;
}

async function fetchAnew(url: string, elements: HTMLElement[]): Promise<void> {
  let page: Document;
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" } });
    if (answer.redirected && new URL(answer.url).pathname !== new URL(url, location.href).pathname) return;
    if (!answer.ok) return;
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return; // the hub says so when the server stays away
  }
  for (const element of elements) {
    const fresh = page.getElementById(element.id);
    if (!fresh || !element.isConnected || isBeingFilled(element)) continue;
    if (!fresh.isEqualNode(element)) await steadily(element, () => morph(element, fresh.outerHTML));
  }
  join(); // what came in may follow other topics
}

/** Does `change` and scrolls so that what lies under the pointer stays under it. */
async function steadily(element: HTMLElement, change: () => Promise<void>): Promise<void> {
  const under = pointer && document.elementFromPoint(pointer.x, pointer.y);
  const held = under && element.contains(under) && under !== element ? under : null;
  const before = held?.getBoundingClientRect().top ?? 0;
  await change();
  if (held?.isConnected) scrollBy({ top: held.getBoundingClientRect().top - before, behavior: "instant" });
}

function join(): void {
  const topics = [...new Set(all().flatMap(topicsOf))].sort();
  if (topics.join() === joined) return;
  joined = topics.join();
  const after = Number(find<HTMLMetaElement>('meta[name="live-after"]')?.content ?? 0);
  send(topics.length ? { topics, after } : { leave: true });
}

function banner(offline: boolean): void {
  find("#offline")?.remove();
  if (!offline) return void hear({ topics: all().flatMap(topicsOf) });
  const words = "No connection to Watchbill: this page may be out of date. Trying again.";
  document.body.prepend(make("div", { class: "offline", id: "offline", role: "status" }, words));
}

function connect(): void {
  if (typeof SharedWorker === "undefined") {
    const hub = new Hub();
    const deliver: Deliver = hear;
    send = (message) => ("leave" in message ? hub.leave(deliver) : hub.join(deliver, message.topics, message.after));
    return;
  }
  // Kept alive between two pages, so that the stream is not opened again for each.
  const options = { type: "module", name: "watchbill-live", extendedLifetime: true } as WorkerOptions;
  const { port } = new SharedWorker(workerUrl, options);
  port.addEventListener("message", ({ data }: MessageEvent<News>) => hear(data));
  port.start();
  send = (message) => port.postMessage(message);
}

export function start(): void {
  connect();
  join();
  document.addEventListener("htmx:after:swap", join);
  document.addEventListener("pointermove", (event) => { pointer = event.pointerType === "mouse" ? { x: event.clientX, y: event.clientY } : null; }, { passive: true });
  document.addEventListener("pointerleave", () => { pointer = null; });
  document.addEventListener("visibilitychange", () => later(0));
  document.addEventListener("focusout", () => stale.size && later(WAIT));
  addEventListener("pagehide", () => { joined = ""; send({ leave: true }); });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    join();
    hear({ topics: all().flatMap(topicsOf) });
  });
}
