import { words } from "./format.ts";

/** `status` is one of ours, never a caller's text: it is a class name too. */
export function StatusPill({ status }: { status: string }) {
  return <span class={`pill ${status}`}>{words(status)}</span>;
}
