/** The legend: a table with the value under the crosshair (or the last), and the range's extremes. */
import { make } from "../page";
import type { Columns } from "./data";
import { format } from "./format";

type Row = { now: HTMLElement; values: (number | null)[] };

export class Legend {
  readonly table = make("table");
  #head = make("th", { scope: "col", class: "num" });
  #rows: Row[] = [];
  #unit: string;

  constructor(unit: string) {
    this.#unit = unit;
  }

  /** `toggle` is called with the number of the series whose name was pressed. */
  fill(columns: Columns, colours: string[], hidden: Set<string>, toggle: (at: number) => void): void {
    const heads = ["min", "mean", "max"].map((name) => make("th", { scope: "col", class: "num" }, name));
    const body = make("tbody");
    this.#rows = columns.series.map(({ name, values }, at) => {
      const swatch = make("span", { class: "swatch" });
      swatch.style.setProperty("--swatch", colours[at]!);
      const button = make("button", { type: "button", "aria-pressed": String(!hidden.has(name)) }, swatch, name);
      button.addEventListener("click", () => toggle(at));
      const now = make("td", { class: "num" });
      const known = values.filter((value) => value !== null);
      const cells = known.length ? [Math.min(...known), known.reduce((a, b) => a + b, 0) / known.length, Math.max(...known)] : [null, null, null];
      body.append(make("tr", {}, make("th", { scope: "row" }, button), now, ...cells.map((value) => make("td", { class: "num" }, format(value, this.#unit)))));
      return { now, values };
    });
    this.table.replaceChildren(make("caption", { class: "sr" }, "Values"), make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "series"), this.#head, ...heads)), body);
    this.show(null, "");
  }

  /** The values at one place of the crosshair, or the last ones. */
  show(at: number | null, when: string): void {
    const head = at === null ? "last" : when;
    if (this.#head.textContent !== head) this.#head.textContent = head;
    for (const { now, values } of this.#rows) {
      now.textContent = format(at === null ? values.findLast((value) => value !== null) : values[at], this.#unit);
    }
  }
}
