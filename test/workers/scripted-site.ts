export interface Asked {
  url: string;
  init: RequestInit;
}

type Answer = (init: RequestInit) => Response | Promise<Response>;

/** A part of the web that answers as it is told, by URL. An address without a script is down. `asked` is what was sent. */
export function scriptedSite(answers: Record<string, Answer>) {
  const asked: Asked[] = [];
  return {
    asked,
    async fetch(url: string, init: RequestInit): Promise<Response> {
      asked.push({ url, init });
      const answer = answers[url];
      if (answer === undefined) throw new TypeError("Network connection lost.");
      return answer(init);
    },
  };
}

export const page =
  (html: string, headers: Record<string, string> = {}): Answer =>
  () =>
    new Response(html, { headers: { "Content-Type": "text/html; charset=utf-8", ...headers } });

export const redirect =
  (location: string, status = 302): Answer =>
  () =>
    new Response("moved", { status, headers: { Location: location } });

/** Never answers; rejects when the request is aborted, as fetch does. */
export const silence: Answer = ({ signal }) =>
  new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));

/** A body of as many chunks as `next` gives, and what became of it. */
export function streamed(next: (chunk: number) => Uint8Array | null | Promise<Uint8Array | null>) {
  let chunks = 0;
  const state = { cancelled: false };
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = await next(chunks++);
      if (chunk === null) controller.close();
      else controller.enqueue(chunk);
    },
    cancel() {
      state.cancelled = true;
    },
  });
  return { body, state };
}
