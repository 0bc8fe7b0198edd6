/** Numbers as people read them: three digits and a unit. */

const STEPS: [number, string][] = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];
const BYTES: [number, string][] = [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]];

const digits = (value: number): string => {
  const size = Math.abs(value);
  if (size !== 0 && size < 0.001) return value.toExponential(1);
  return String(Number(value.toPrecision(size >= 1000 ? 4 : 3)));
};

/** `unit`: "", "percent" (of 1), "seconds", "bytes", or a word that is put after the number. */
export function format(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  return number(value, unit).replace(/^-/, "−");
}

function number(value: number, unit: string): string {
  const size = Math.abs(value);
  switch (unit) {
    case "percent": return `${digits(value * 100)} %`;
    case "seconds":
      if (size === 0) return "0 s";
      if (size < 1e-3) return `${digits(value * 1e6)} µs`;
      if (size < 1) return `${digits(value * 1e3)} ms`;
      if (size < 120) return `${digits(value)} s`;
      if (size < 7200) return `${digits(value / 60)} min`;
      return size < 172_800 ? `${digits(value / 3600)} h` : `${digits(value / 86_400)} d`;
    case "bytes": {
      const [by, word] = BYTES.find(([by]) => size >= by) ?? [1, "B"];
      return `${digits(value / by)} ${word}`;
    }
    default: {
      const [by, word] = STEPS.find(([by]) => size >= by) ?? [1, ""];
      return `${digits(value / by)}${word ? ` ${word}` : ""}${unit ? ` ${unit}` : ""}`;
    }
  }
}
