import type { StreamEvent } from "../contract/stream.ts";

/**
 * The newest events, as the blocks of text that a viewer is sent, each under an id that says which log it is of and
 * where it stands. A log that is made anew has another name, so that no id of another is taken for one of its own.
 */
export function createEventLog({ name, limit, atMs }: { name: string; limit: number; atMs: number }) {
  let blocks: { text: string; atMs: number }[] = [];
  let seq = 0;
  /** What happened until then may be forgotten. */
  let rememberedFromMs = atMs;

  const id = (of: number) => `${name}-${of}`;
  const texts = (of: typeof blocks) => of.map(({ text }) => text);

  return {
    /** The id of the newest event. */
    newestId: () => id(seq),

    append(event: StreamEvent, atMs: number): string {
      seq++;
      const text = textOf(event, id(seq));
      blocks.push({ text, atMs });
      // Not at each one: moving all of them up would cost as much as sending them.
      if (blocks.length >= 2 * limit) {
        rememberedFromMs = blocks[limit - 1]?.atMs ?? atMs;
        blocks = blocks.slice(limit);
      }
      return text;
    },

    /** The blocks after an event; null if it is none of this log's, or some of them are forgotten. */
    after(eventId: string): string[] | null {
      const [, of, at] = /^(.+)-(\d{1,15})$/.exec(eventId) ?? [];
      const missed = of === name ? seq - Number(at) : -1;
      if (missed < 0 || missed > blocks.length) return null;
      return missed === 0 ? [] : texts(blocks.slice(-missed));
    },

    /** The blocks of events since an instant, that one included; null if some of them may be forgotten. */
    since(sinceMs: number): string[] | null {
      if (sinceMs <= rememberedFromMs) return null;
      return texts(blocks.filter(({ atMs }) => atMs >= sinceMs));
    },
  };
}

/** A block (HTML Living Standard, section 9.2). JSON has no line break in it, so no data can end its own line. */
export function textOf({ event, data }: StreamEvent, id: string | null): string {
  return `event: ${event}\n${id === null ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}
