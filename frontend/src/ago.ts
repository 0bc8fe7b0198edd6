/** Keeps "24 min ago" true while a page stays open. Same words as watchbill/web/words.py. */

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

export function agoWords(seconds: number): string {
  const distance = Math.abs(seconds);
  if (distance < 10) return "just now";
  const words =
    distance < 90 ? `${Math.round(distance)} s`
    : distance < 90 * MINUTE ? `${Math.round(distance / MINUTE)} min`
    : distance < 36 * HOUR ? `${Math.round(distance / HOUR)} h`
    : `${Math.round(distance / DAY)} d`;
  return seconds > 0 ? `${words} ago` : `in ${words}`;
}

function freshen(): void {
  for (const shown of document.querySelectorAll("time[datetime] [data-ago]")) {
    const moment = Date.parse(shown.closest("time")!.dateTime);
    const words = agoWords((Date.now() - moment) / 1000);
    if (shown.textContent !== words) shown.textContent = words;
  }
}

export function start(): void {
  setInterval(() => document.hidden || freshen(), 10_000);
  document.addEventListener("visibilitychange", () => document.hidden || freshen());
}
