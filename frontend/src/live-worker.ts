/** The shared worker: one Hub for every tab. Messages: {topics, after} joins, {leave: true} leaves. */
import { Hub, type Deliver } from "./live-hub";

export type Message = { topics: string[]; after: number } | { leave: true };

const hub = new Hub();

addEventListener("connect", (event) => {
  const port = (event as MessageEvent).ports[0]!;
  const deliver: Deliver = (news) => port.postMessage(news);
  port.addEventListener("message", ({ data }: MessageEvent<Message>) => {
    if ("leave" in data) hub.leave(deliver);
    else hub.join(deliver, data.topics, data.after);
  });
  port.start();
});
