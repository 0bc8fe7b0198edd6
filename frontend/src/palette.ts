/** Ctrl/Cmd-K: every page and everything the person may do, by a few letters of its name. */
import { each, find, make } from "./page";

type Entry = { label: string; hint?: string; url: string; group?: string };
type Found = { entry: Entry; score: number; letters: number[] };

const SHOWN = 60;
const KEPT = 30_000;
let entries: Entry[] = [];
let fetched = 0;
let chosen = 0;

/** Letters of `query` in order within `text`; starts of words and runs of letters count more. */
export function match(query: string, text: string): { score: number; letters: number[] } | null {
  const low = text.toLowerCase();
  const letters: number[] = [];
  let score = 0;
  let from = 0;
  for (const letter of query.toLowerCase()) {
    if (letter === " ") continue;
    const wordStart = [...low.matchAll(/(?<![\p{L}\p{N}])[\p{L}\p{N}]/gu)].find((m) => m.index >= from && m[0] === letter)?.index;
    const next = low.indexOf(letter, from);
    if (next < 0) return null;
    const run = next === from && letters.length > 0;
    const at = run || wordStart === undefined || !canFinish(query, low, letters.length, wordStart) ? next : wordStart;
    score += run ? 4 : at === wordStart ? 3 : 1;
    letters.push(at);
    from = at + 1;
  }
  return { score: score - text.length / 100 - (letters[0] ?? 0) / 20, letters };
}

/** Whether the letters after the first `taken` still follow when that one is taken at `at`. */
function canFinish(query: string, low: string, taken: number, at: number): boolean {
  let from = at + 1;
  for (const letter of query.toLowerCase().replaceAll(" ", "").slice(taken + 1)) {
    from = low.indexOf(letter, from) + 1;
    if (!from) return false;
  }
  return true;
}

function search(query: string): Found[] {
  const found: Found[] = [];
  for (const entry of entries) {
    const hit = match(query, entry.label);
    if (hit) found.push({ entry, ...hit });
    else if (entry.hint && match(query, entry.hint)) found.push({ entry, score: -5, letters: [] });
  }
  if (query.trim()) found.sort((a, b) => b.score - a.score);
  return found.slice(0, SHOWN);
}

function render(): void {
  const box = find<HTMLInputElement>("#palette input")!;
  const list = find("#palette-list")!;
  const found = search(box.value);
  chosen = 0;
  list.replaceChildren();
  const groups = new Map<string, HTMLElement>();
  for (const { entry, letters } of found) {
    const name = box.value.trim() ? "" : (entry.group ?? "");
    let group = groups.get(name);
    if (!group) {
      group = make("div", { role: "group", "aria-label": name || "Found" });
      if (name) group.append(make("span", { "aria-hidden": "true" }, name));
      groups.set(name, group);
      list.append(group);
    }
    const label = make("span");
    entry.label.split("").forEach((letter, at) => label.append(letters.includes(at) ? make("mark", {}, letter) : letter));
    label.normalize();
    const option = make("div", { role: "option", "data-url": entry.url }, label);
    const hint = box.value.trim() ? [entry.group, entry.hint].filter(Boolean).join(" · ") : entry.hint;
    if (hint) option.append(make("small", {}, hint));
    group.append(option);
  }
  if (!found.length) list.append(make("p", { class: "none" }, entries.length ? "Nothing of that name." : "Nothing to go to yet."));
  [...list.querySelectorAll('[role="option"]')].forEach((option, at) => { option.id = `palette-${at}`; });
  choose(0);
}

function choose(at: number): void {
  const options = [...document.querySelectorAll<HTMLElement>('#palette [role="option"]')];
  const box = find("#palette input")!;
  if (!options.length) return box.removeAttribute("aria-activedescendant");
  chosen = (at + options.length) % options.length;
  options.forEach((option, index) => option.setAttribute("aria-selected", String(index === chosen)));
  box.setAttribute("aria-activedescendant", options[chosen]!.id);
  options[chosen]!.scrollIntoView({ block: "nearest" });
}

function go(newTab: boolean): void {
  const url = find(`#palette-${chosen}`)?.dataset["url"];
  if (!url) return;
  find<HTMLDialogElement>("#palette")!.close();
  if (newTab) open(url, "_blank", "noopener");
  else location.assign(url);
}

async function load(): Promise<void> {
  if (Date.now() - fetched < KEPT) return;
  try {
    const answer = await fetch("/palette.json", { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    entries = (await answer.json()) as Entry[];
    fetched = Date.now();
  } catch {
    // Offline: what was known stays.
  }
}

export function openPalette(): void {
  const palette = find<HTMLDialogElement>("#palette");
  if (!palette || palette.open) return;
  const box = find<HTMLInputElement>("input", palette)!;
  box.value = "";
  palette.showModal();
  render();
  void load().then(() => palette.open && render());
}

export function start(): void {
  const palette = find<HTMLDialogElement>("#palette");
  if (!palette) return;
  each("[data-palette]", (button) => {
    button.hidden = false;
    button.addEventListener("click", openPalette);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (palette.open) palette.close();
    else openPalette();
  });
  find("input", palette)!.addEventListener("input", render);
  palette.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Enter") go(event.ctrlKey || event.metaKey);
    else return;
    event.preventDefault();
  });
  palette.addEventListener("click", (event) => {
    const option = (event.target as Element).closest('[role="option"]');
    if (!option) return;
    chosen = Number(option.id.slice("palette-".length));
    go(event.ctrlKey || event.metaKey);
  });
}
