/** Prometheus answers as the columns that are drawn. */

export type Pair = [time: number, value: string];
export type Series = { metric: Record<string, string>; values: Pair[] };
export type Band = { lower: string | Pair[]; upper: string | Pair[]; label?: string };
export type Mark = { at: number; label: string; kind?: string };
export type Settings = {
  title?: string; query?: string; url: string; legend?: string; unit?: string; sync?: string;
  start?: number; end?: number; window: number; step?: number; refresh?: number;
  bands?: Band[]; marks?: Mark[]; result?: Series[];
};
export type Range = { start: number; end: number };
export type Columns = { times: number[]; series: { name: string; values: (number | null)[] }[]; bands: { label: string; lower: (number | null)[]; upper: (number | null)[] }[] };

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];
const MOST = 40; // lines that can still be told apart at all

const NO_NUMBERS = "The query gives native histograms: ask for a number of each, such as histogram_count(…) or histogram_quantile(0.9, …).";

export class QueryError extends Error {}

/** About one point for every two pixels, on a round step. */
export function stepFor({ start, end }: Range, width: number): number {
  const wanted = (end - start) / Math.max(100, width / 2);
  return STEPS.find((step) => step >= wanted) ?? 86_400;
}

async function ask(settings: Settings, query: string, range: Range, step: number, signal: AbortSignal): Promise<Series[]> {
  const parameters = new URLSearchParams({
    query,
    start: String(Math.floor(range.start / step) * step),
    end: String(Math.ceil(range.end / step) * step),
    step: String(step),
  });
  const answer = await fetch(`${settings.url}?${parameters}`, { signal, headers: { Accept: "application/json" } });
  const body = (await answer.json().catch(() => null)) as { status: string; error?: string; data?: { result: Series[] } } | null;
  if (body?.status !== "success") throw new QueryError(body?.error ?? `The metrics store answered ${answer.status}.`);
  const found = body.data?.result ?? [];
  if (found.some((series) => !series.values)) throw new QueryError(NO_NUMBERS);
  return found;
}

/** Everything one chart shows in `range`. Raises QueryError with the store's own words. */
export async function load(settings: Settings, range: Range, width: number, signal: AbortSignal): Promise<Columns> {
  const step = settings.step ?? stepFor(range, width);
  const one = (query: string): Promise<Series[]> => ask(settings, query, range, step, signal);
  const pairs = async (of: string | Pair[]): Promise<Pair[]> => (typeof of === "string" ? ((await one(of))[0]?.values ?? []) : of);
  const [main, bands] = await Promise.all([
    settings.result ?? (settings.query ? one(settings.query) : []),
    Promise.all((settings.bands ?? []).map(async (band) => ({ label: band.label ?? "usual", lower: await pairs(band.lower), upper: await pairs(band.upper) }))),
  ]);
  return columns(main, bands, settings, settings.result ? 0 : step);
}

function columns(main: Series[], bands: { label: string; lower: Pair[]; upper: Pair[] }[], settings: Settings, step: number): Columns {
  const shown = main.slice(0, MOST);
  const times = [...new Set([...shown.map((series) => series.values), ...bands.flatMap(({ lower, upper }) => [lower, upper])].flatMap((pairs) => pairs.map(([time]) => time)))].sort((a, b) => a - b);
  const grid = step ? withGaps(times, step) : times;
  const place = new Map(grid.map((time, at) => [time, at]));
  const column = (pairs: Pair[]): (number | null)[] => {
    const values = new Array<number | null>(grid.length).fill(null);
    for (const [time, text] of pairs) {
      const value = Number(text);
      values[place.get(time)!] = Number.isFinite(value) ? value : null;
    }
    return values;
  };
  return {
    times: grid,
    series: shown.map((series) => ({ name: nameOf(series.metric, settings.legend, main), values: column(series.values) })),
    bands: bands.map(({ label, lower, upper }) => ({ label, lower: column(lower), upper: column(upper) })),
  };
}

/** The times of a regular grid, so that missing samples are drawn as gaps and not bridged. */
function withGaps(times: number[], step: number): number[] {
  if (times.length < 2) return times;
  const grid: number[] = [];
  times.forEach((time, at) => {
    const before = times[at - 1];
    if (before !== undefined && time - before > step * 1.5) grid.push(before + step);
    grid.push(time);
  });
  return grid;
}

/** A name by the pattern, or by the labels in which the series differ. */
export function nameOf(metric: Record<string, string>, pattern: string | undefined, all: Series[]): string {
  if (pattern) return pattern.replace(/\{\{\s*([\w]+)\s*\}\}/g, (_whole, label: string) => metric[label] ?? "");
  const differing = Object.entries(metric).filter(([label, value]) => label !== "__name__" && all.some((other) => other.metric[label] !== value));
  if (differing.length) return differing.map(([label, value]) => `${label}=${value}`).join(", ");
  return metric["__name__"] ?? (Object.entries(metric).map(([label, value]) => `${label}=${value}`).join(", ") || "value");
}
