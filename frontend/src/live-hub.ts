/**
 * Follows topics on the server for all pages of a browser: one event stream, or polling where the
 * server has no stream left to give. Runs in the shared worker, or in the page where there is none.
 */

/** What a page hears: topics that changed, and whether news gets through at all. */
export type News = { topics: string[] } | { connected: boolean };
export type Deliver = (news: News) => void;

const STREAMED = 50; // topics in one stream; the server takes no more
const SETTLE = 200; // ms: a page change leaves and joins at once
const POLL = 10_000;
const TRY_STREAM_AGAIN = 60_000;

export class Hub {
  #pages = new Map<Deliver, Set<string>>();
  #stream: EventSource | null = null;
  #streamed: string[] = [];
  #refusedUntil = 0;
  #last = 0;
  #settling = 0;
  #polling = 0;
  #connected = true;

  /** `after` is the number of the newest event that the page has already taken into account. */
  join(page: Deliver, topics: string[], after: number): void {
    this.#pages.set(page, new Set(topics));
    if (after) this.#last = this.#last ? Math.min(this.#last, after) : after;
    this.#settle();
  }

  leave(page: Deliver): void {
    this.#pages.delete(page);
    this.#settle();
  }

  #settle(): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#follow(), SETTLE) as unknown as number;
  }

  #topics(): string[] {
    return [...new Set([...this.#pages.values()].flatMap((topics) => [...topics]))].sort();
  }

  #follow(): void {
    const topics = this.#topics();
    const wanted = topics.slice(0, STREAMED);
    const same = this.#stream && wanted.join() === this.#streamed.join();
    if (!same) {
      this.#stream?.close();
      this.#stream = null;
      this.#streamed = [];
      if (wanted.length && Date.now() >= this.#refusedUntil) this.#open(wanted);
    }
    this.#pollLater(topics.length ? 0 : null);
  }

  #open(topics: string[]): void {
    const stream = new EventSource(`/live?topics=${topics.map(encodeURIComponent).join(",")}`);
    this.#stream = stream;
    this.#streamed = topics;
    stream.addEventListener("open", () => {
      this.#say(true);
      void this.#poll(); // what happened between the page and its stream
    });
    stream.addEventListener("topic", (event) => {
      this.#last = Math.max(this.#last, Number(event.lastEventId) || 0);
      this.#hand([(JSON.parse(event.data) as { topic: string }).topic]);
    });
    stream.addEventListener("error", () => {
      if (stream !== this.#stream || stream.readyState !== EventSource.CLOSED) return;
      // Refused (503, 401 …): the status is not told, so poll and ask for a stream again later.
      this.#stream = null;
      this.#streamed = [];
      this.#refusedUntil = Date.now() + TRY_STREAM_AGAIN;
      setTimeout(() => this.#follow(), TRY_STREAM_AGAIN);
      this.#pollLater(0);
    });
  }

  /** Polls while there are topics that no open stream carries. */
  #pollLater(delay: number | null): void {
    clearTimeout(this.#polling);
    if (delay === null) return;
    this.#polling = setTimeout(async () => {
      if (this.#uncarried().length) await this.#poll();
      if (this.#topics().length) this.#pollLater(POLL);
    }, delay) as unknown as number;
  }

  #uncarried(): string[] {
    if (this.#stream?.readyState !== EventSource.OPEN) return this.#topics();
    return this.#topics().filter((topic) => !this.#streamed.includes(topic));
  }

  async #poll(): Promise<void> {
    const topics = this.#topics().slice(0, STREAMED);
    if (!topics.length) return;
    const after = this.#last ? `&after=${this.#last}` : "";
    try {
      const answer = await fetch(`/live/poll?topics=${topics.map(encodeURIComponent).join(",")}${after}`, {
        headers: { Accept: "application/json" },
      });
      this.#say(true);
      if (!answer.ok || answer.redirected) return;
      const { last, topics: changed } = (await answer.json()) as { last: number; topics: string[] };
      // The first answer without a known number only tells where to begin.
      if (after) this.#hand(changed);
      this.#last = Math.max(this.#last, last);
    } catch {
      this.#say(false);
    }
  }

  #hand(changed: string[]): void {
    for (const [page, topics] of this.#pages) {
      const its = changed.filter((topic) => topics.has(topic));
      if (its.length) page({ topics: its });
    }
  }

  #say(connected: boolean): void {
    if (connected === this.#connected) return;
    this.#connected = connected;
    for (const page of this.#pages.keys()) page({ connected });
  }
}
