import { raw } from "hono/html";
import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";

/** A text over it is shown as it is: to parse it would cost more than a page may. */
const MAX_MARKDOWN_CHARS = 32_000;

/**
 * What micromark makes of a text is safe as it comes: HTML in it is escaped, and a URL of a protocol that could run
 * something is dropped. Images are off: they would tell another host who reads this. So are check boxes, which have no label.
 */
const OPTIONS = {
  extensions: [gfm(), { disable: { null: ["labelStartImage", "tasklistCheck"] } }],
  htmlExtensions: [gfmHtml()],
};

export function Markdown({ text }: { text: string }) {
  if (text.length > MAX_MARKDOWN_CHARS) return <pre class="text">{text}</pre>;
  return <div class="prose">{raw(micromark(text, OPTIONS))}</div>;
}

/** The parts of an output that are there to be read: what a model said, and texts of lines or with a sign of markdown. */
export function readableTexts(output: unknown): { name: string; text: string }[] {
  if (typeof output === "string") return [{ name: "Text", text: output }];
  if (typeof output !== "object" || output === null || Array.isArray(output)) return [];
  return Object.entries(output).flatMap(([name, text]) =>
    typeof text === "string" && (name === "text" || /\n|^#{1,6} |\*\*|\]\(/.test(text.trim())) ? [{ name, text }] : [],
  );
}
