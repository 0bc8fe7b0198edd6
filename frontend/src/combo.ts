/** `<input data-metric-complete>`: names of metrics at the cursor, also within a PromQL query. */
import { each, make } from "./page";

const NAMES_URL = "/telemetry/api/v1/label/__name__/values";
const SHOWN = 12;
let names: Promise<string[]> | null = null;
let count = 0;

type Field = HTMLInputElement | HTMLTextAreaElement;

async function fetchNames(): Promise<string[]> {
  try {
    const answer = await fetch(NAMES_URL);
    return answer.ok ? ((await answer.json()) as { data: string[] }).data : [];
  } catch {
    return [];
  }
}

/** The part of a name before the cursor; nothing inside braces or quotes, where labels stand. */
function wordAt(field: Field): string {
  const before = field.value.slice(0, field.selectionStart ?? field.value.length);
  const inBraces = before.lastIndexOf("{") > before.lastIndexOf("}");
  return inBraces ? "" : (/[a-zA-Z_:][\w:]*$/.exec(before)?.[0] ?? "");
}

function setUp(field: Field): void {
  const id = `combo-${count++}`;
  const list = make("ul", { class: "combo-list", id, role: "listbox", "aria-label": "Metrics" });
  list.hidden = true;
  const box = make("div", { class: "combo" });
  field.replaceWith(box);
  box.append(field, list);
  // A text area cannot be a combobox; it stays a text box that lists what may follow.
  const role = field instanceof HTMLInputElement ? { role: "combobox", "aria-expanded": "false" } : {};
  const attributes = { ...role, "aria-controls": id, "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false" };
  for (const [name, value] of Object.entries(attributes)) field.setAttribute(name, value);
  const expand = (open: boolean): void => {
    if (field.role === "combobox") field.setAttribute("aria-expanded", String(open));
  };
  let chosen = -1;
  let timer = 0;

  const close = (): void => {
    list.hidden = true;
    chosen = -1;
    expand(false);
    field.removeAttribute("aria-activedescendant");
  };
  const choose = (at: number): void => {
    const options = [...list.children];
    chosen = (at + options.length) % options.length;
    options.forEach((option, index) => option.setAttribute("aria-selected", String(index === chosen)));
    field.setAttribute("aria-activedescendant", options[chosen]!.id);
    options[chosen]!.scrollIntoView({ block: "nearest" });
  };
  const take = (name: string): void => {
    const end = field.selectionStart ?? field.value.length;
    field.setRangeText(name, end - wordAt(field).length, end, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    close();
    clearTimeout(timer);
  };
  const offer = async (): Promise<void> => {
    const word = wordAt(field).toLowerCase();
    const known = await (names ??= fetchNames());
    if (word.length < 2 || document.activeElement !== field) return close();
    const starting = known.filter((name) => name.toLowerCase().startsWith(word));
    const holding = known.filter((name) => !name.toLowerCase().startsWith(word) && name.toLowerCase().includes(word));
    const found = [...starting, ...holding].slice(0, SHOWN);
    if (!found.length || (found.length === 1 && found[0]!.toLowerCase() === word)) return close();
    list.replaceChildren(...found.map((name, at) => make("li", { role: "option", id: `${id}-${at}`, "aria-selected": "false" }, name)));
    list.hidden = false;
    chosen = -1;
    expand(true);
  };

  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => void offer(), 120);
  });
  field.addEventListener("keydown", (event) => {
    const key = (event as KeyboardEvent).key;
    if (list.hidden) return;
    if (key === "ArrowDown") choose(chosen + 1);
    else if (key === "ArrowUp") choose(chosen < 0 ? -1 : chosen - 1);
    else if ((key === "Enter" || key === "Tab") && chosen >= 0) take(list.children[chosen]!.textContent!);
    else if (key === "Escape") close();
    else return;
    if (key === "Escape") event.stopPropagation();
    event.preventDefault();
  });
  field.addEventListener("blur", () => setTimeout(close, 100));
  list.addEventListener("pointerdown", (event) => {
    const option = (event.target as Element).closest("li");
    event.preventDefault();
    if (option) take(option.textContent!);
  });
}

export function start(): void {
  each("input[data-metric-complete], textarea[data-metric-complete]", (field) => setUp(field as Field));
}
