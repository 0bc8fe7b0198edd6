/**
 * Draws the figures of `{% chart %}` with uPlot: refreshes, shares the crosshair, zooms by dragging.
 * A chosen range goes into the address (?start, ?end, Unix seconds) and out as the event `wb:range`
 * with {start, end} in milliseconds and the query, so that a page can offer to report or pin it.
 */
import uPlot from "uplot";
import { load, QueryError, type Columns, type Range, type Settings } from "./chart/data";
import { format } from "./chart/format";
import { Legend } from "./chart/legend";
import { find, make } from "./page";

const SERIES = 8; // colours
const BINARY = Array.from({ length: 50 }, (_one, power) => 2 ** power); // steps of an axis in bytes
const charts = new Set<Chart>();

export function draw(figure: HTMLElement): void {
  new Chart(figure);
}

class Chart {
  #figure: HTMLElement;
  #settings: Settings;
  #plot = make("div", { class: "plot" });
  #status = make("p", { class: "status" }, "Loading …");
  #legendBox = make("div", { class: "legend", tabindex: "0", role: "group", "aria-label": "Values" });
  #legend: Legend;
  #tools = make("span", { class: "actions hint", hidden: "" });
  #uplot: uPlot | null = null;
  #columns: Columns | null = null;
  #hidden = new Set<string>();
  #zoom: Range | null;
  #seen = false;
  #timer = 0;
  #loading = new AbortController();

  constructor(figure: HTMLElement) {
    this.#figure = figure;
    this.#settings = JSON.parse(figure.dataset["chart"]!) as Settings;
    this.#legend = new Legend(this.#settings.unit ?? "");
    this.#legendBox.append(this.#legend.table);
    this.#plot.append(this.#status);
    this.#zoom = fromAddress();
    const marks = find(".marks", figure);
    marks ? marks.before(this.#plot) : figure.append(this.#plot);
    figure.append(this.#legendBox, this.#tools);
    const back = make("button", { type: "button", class: "button quiet small" }, "Whole range");
    back.addEventListener("click", () => setRange(this.sync, null));
    this.#tools.append(back);
    figure.dataset["drawn"] = "";
    charts.add(this);
    new ResizeObserver(() => this.#resize()).observe(this.#plot);
    new IntersectionObserver(([entry]) => {
      this.#seen = entry!.isIntersecting;
      if (this.#seen && !this.#columns) void this.refresh();
    }, { rootMargin: "200px" }).observe(figure);
    new MutationObserver(() => this.#changed()).observe(figure, { attributeFilter: ["data-chart"] });
    this.#timer = setInterval(() => this.#tick(), (this.#settings.refresh ?? 15) * 1000);
  }

  get sync(): string {
    return this.#settings.sync ?? "";
  }

  get #range(): Range {
    if (this.#zoom) return this.#zoom;
    const { result, start, end, window } = this.#settings;
    if (result) {
      const times = result.flatMap(({ values }) => values.map(([time]) => time));
      return { start: start ?? Math.min(...times), end: end ?? Math.max(...times) };
    }
    const until = end ?? Date.now() / 1000;
    return { start: start ?? until - window, end: until };
  }

  /** The page was refreshed under us with other settings (another query, new marks). */
  #changed(): void {
    this.#settings = JSON.parse(this.#figure.dataset["chart"]!) as Settings;
    void this.refresh();
  }

  #tick(): void {
    if (!this.#figure.isConnected) return this.#end();
    const fixed = this.#zoom || this.#settings.end || this.#settings.result;
    if (this.#seen && !fixed && !document.hidden) void this.refresh();
  }

  #end(): void {
    clearInterval(this.#timer);
    this.#loading.abort();
    this.#uplot?.destroy();
    charts.delete(this);
  }

  async refresh(): Promise<void> {
    this.#loading.abort();
    const loading = (this.#loading = new AbortController());
    const range = this.#range;
    try {
      this.#columns = await load(this.#settings, range, this.#plot.clientWidth, loading.signal);
      this.#say(this.#columns.times.length ? "" : "Nothing was measured in this range.");
      this.#show(range);
    } catch (error) {
      if (loading.signal.aborted) return;
      this.#say(error instanceof QueryError ? error.message : "The metrics store does not answer.", true);
    }
  }

  #say(words: string, wrong = false): void {
    this.#status.textContent = words;
    this.#status.classList.toggle("wrong", wrong);
    this.#status.hidden = !words;
    if (wrong && this.#columns) this.#status.textContent = `${words} Shown: what was known before.`;
  }

  zoomTo(range: Range | null): void {
    this.#zoom = range;
    this.#tools.hidden = range === null;
    void this.refresh();
  }

  /** Draws again with the colours of the theme that is now in force. */
  repaint(): void {
    if (this.#columns) this.#show(this.#range, true);
  }

  #show(range: Range, again = false): void {
    const { times, series, bands } = this.#columns!;
    const data = [times, ...series.map(({ values }) => values), ...bands.flatMap(({ upper, lower }) => [upper, lower])] as uPlot.AlignedData;
    const colours = series.map((_one, at) => colour(this.#figure, `--series-${(at % SERIES) + 1}`));
    const sameShape = this.#uplot?.series.length === data.length && series.every(({ name }, at) => this.#uplot!.series[at + 1]!.label === name);
    if (again || !sameShape) {
      this.#uplot?.destroy();
      this.#uplot = new uPlot(this.#options(colours), data, this.#plot);
    } else {
      this.#uplot!.setData(data, false);
    }
    // Steps lie a little beyond the range; a point outside the scale would not count for the height.
    this.#uplot!.setScale("x", { min: Math.min(range.start, times[0] ?? range.start), max: Math.max(range.end, times.at(-1) ?? range.end) });
    this.#legend.fill(this.#columns!, colours, this.#hidden, (at) => this.#toggle(at));
    this.#tools.hidden = this.#zoom === null;
    this.#offer();
    this.#plot.setAttribute("role", "img");
    this.#plot.setAttribute("aria-label", this.#summary());
  }

  #toggle(at: number): void {
    const name = this.#columns!.series[at]!.name;
    if (!this.#hidden.delete(name)) this.#hidden.add(name);
    this.#uplot!.setSeries(at + 1, { show: !this.#hidden.has(name) });
    this.#legend.table.querySelectorAll("button")[at]!.setAttribute("aria-pressed", String(!this.#hidden.has(name)));
  }

  #summary(): string {
    const unit = this.#settings.unit ?? "";
    const last = this.#columns!.series.slice(0, 5).map(({ name, values }) => `${name} ${format(values.findLast((value) => value !== null), unit)}`);
    return `${this.#settings.title ?? "Chart"}. Last values: ${last.join(", ") || "none"}.`;
  }

  #options(colours: string[]): uPlot.Options {
    const { series, bands } = this.#columns!;
    const unit = this.#settings.unit ?? "";
    const axis: uPlot.Axis = {
      stroke: colour(this.#figure, "--faint"), font: "11px system-ui, sans-serif",
      grid: { stroke: colour(this.#figure, "--line"), width: 1 }, ticks: { show: false },
    };
    const zone = document.documentElement.dataset["zone"];
    return {
      width: this.#plot.clientWidth, height: this.#plot.clientHeight, legend: { show: false }, padding: [8, 8, 0, 0],
      ...(zone ? { tzDate: (time: number) => uPlot.tzDate(new Date(time * 1000), zone) } : {}),
      cursor: {
        y: false, points: { size: 6 }, drag: { x: true, y: false, setScale: false },
        ...(this.sync ? { sync: { key: this.sync } } : {}),
      },
      scales: { x: { time: true, auto: false }, y: { range: (_plot, low, high) => spread(low, high) } },
      axes: [
        { ...axis, size: 24, space: 64, values: timeMarks },
        { ...axis, size: 56, ...(unit === "bytes" ? { incrs: BINARY } : {}), space: this.#plot.clientHeight < 120 ? 20 : 32, values: (_plot, ticks) => ticks.map((tick) => format(tick, unit)) },
      ],
      series: [
        {},
        ...series.map(({ name }, at): uPlot.Series => ({ label: name, stroke: colours[at]!, width: 1.75, show: !this.#hidden.has(name), points: { show: sparse, size: 4 } })),
        ...bands.flatMap(({ label }): uPlot.Series[] => [{ label, points: { show: false } }, { label, points: { show: false } }]),
      ],
      bands: bands.map((_band, at) => ({ series: [series.length + 1 + 2 * at, series.length + 2 + 2 * at], fill: colour(this.#figure, "--deep", 0.13) })),
      hooks: {
        draw: [(plot) => this.#drawMarks(plot)],
        setSelect: [(plot) => this.#selected(plot)],
        setCursor: [(plot) => this.#pointed(plot)],
      },
    };
  }

  #pointed(plot: uPlot): void {
    const at = plot.cursor.idx ?? null;
    this.#legend.show(at, at === null ? "" : clock(plot.data[0][at]!));
  }

  #selected(plot: uPlot): void {
    if (plot.select.width < 4) return;
    const start = plot.posToVal(plot.select.left, "x");
    const end = plot.posToVal(plot.select.left + plot.select.width, "x");
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    setRange(this.sync, { start, end }, this);
    const detail = { start: Math.round(start * 1000), end: Math.round(end * 1000), query: this.#settings.query ?? "" };
    this.#figure.dispatchEvent(new CustomEvent("wb:range", { bubbles: true, detail }));
  }

  /** Links such as "Report this range", shown while there is one; they are told which. */
  #offer(): void {
    for (const link of this.#figure.closest(".sheet")?.querySelectorAll<HTMLAnchorElement>("a[data-range-link]") ?? []) {
      link.hidden = this.#zoom === null;
      if (!this.#zoom) continue;
      const address = new URL(link.href);
      address.searchParams.set("start", String(Math.round(this.#zoom.start)));
      address.searchParams.set("end", String(Math.round(this.#zoom.end)));
      if (this.#settings.query) address.searchParams.set("query", this.#settings.query);
      link.href = address.href;
    }
  }

  #drawMarks(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const scale = devicePixelRatio;
    ctx.save();
    ctx.font = `${11 * scale}px system-ui, sans-serif`;
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
    const marks = [...(this.#settings.marks ?? [])].sort((a, b) => a.at - b.at);
    for (const [index, { at, label, kind }] of marks.entries()) {
      const x = Math.round(plot.valToPos(at, "x", true));
      const next = marks[index + 1] ? plot.valToPos(marks[index + 1]!.at, "x", true) : Infinity;
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.strokeStyle = ctx.fillStyle = colour(this.#figure, kind ? `--${kind}` : "--faint");
      ctx.setLineDash([3 * scale, 4 * scale]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const until = x + ctx.measureText(label).width + 6 * scale;
      // Where there is no room the list below the chart names it.
      if (until < Math.min(next, bbox.left + bbox.width)) ctx.fillText(label, x + 4 * scale, bbox.top + 10 * scale);
    }
    ctx.restore();
  }

  #resize(): void {
    this.#uplot?.setSize({ width: this.#plot.clientWidth, height: this.#plot.clientHeight });
  }
}

/** The y axis: from zero where that is near, and never so narrow that noise looks like news. */
function spread(low: number | null, high: number | null): uPlot.Range.MinMax {
  if (low === null || high === null) return [0, 1];
  const middle = (low + high) / 2;
  const half = Math.max((high - low) / 2, Math.abs(middle) * 0.1) || 0.5;
  const [from, to] = [middle - half * 1.1, middle + half * 1.1];
  if (low >= 0 && low < high * 0.6) return [0, Math.max(high * 1.08, to)];
  if (high <= 0 && high > low * 0.6) return [Math.min(low * 1.08, from), 0];
  return [from, to];
}

/** One or two points are no line: draw the points. */
const sparse: uPlot.Series.Points.Show = (plot, at) => Array.from(plot.data[at]!).filter((value) => value !== null).length < 3;

function setRange(sync: string, range: Range | null, only?: Chart): void {
  for (const chart of charts) if (chart === only || (sync && chart.sync === sync)) chart.zoomTo(range);
  const address = new URL(location.href);
  for (const key of ["start", "end"] as const) {
    if (range) address.searchParams.set(key, String(Math.round(range[key])));
    else address.searchParams.delete(key);
  }
  history.replaceState(history.state, "", address);
  if (!range) document.dispatchEvent(new CustomEvent("wb:range", { detail: null }));
}

function fromAddress(): Range | null {
  const parameters = new URLSearchParams(location.search);
  const [start, end] = [Number(parameters.get("start")), Number(parameters.get("end"))];
  return start > 0 && end > start ? { start, end } : null;
}

/** A colour of the theme as canvas takes it: variables resolved, and thinned by `alpha`. */
function colour(element: HTMLElement, variable: string, alpha = 1): string {
  const probe = make("span");
  probe.style.color = alpha === 1 ? `var(${variable})` : `color-mix(in oklab, var(${variable}) ${alpha * 100}%, transparent)`;
  element.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return resolved;
}

function inZone(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const zone = document.documentElement.dataset["zone"];
  return new Intl.DateTimeFormat("en-GB", { ...options, ...(zone ? { timeZone: zone } : {}) });
}

const clock = (time: number): string => inZone({ hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(time * 1000);

/** "02:41" within a day, with the day where it changes, and days alone on long ranges. */
function timeMarks(_plot: uPlot, times: number[], _axis: number, _space: number, step: number): string[] {
  const day = inZone({ day: "numeric", month: "short" });
  const hour = inZone({ hour: "2-digit", minute: "2-digit", ...(step < 60 ? { second: "2-digit" } : {}) });
  let before = "";
  return times.map((time, at) => {
    const date = day.format(time * 1000);
    const changed = date !== before && at > 0;
    before = date;
    return step >= 86_400 || changed ? date : hour.format(time * 1000);
  });
}

document.addEventListener("wb:theme", () => charts.forEach((chart) => chart.repaint()));
addEventListener("popstate", () => charts.forEach((chart) => chart.zoomTo(fromAddress())));
