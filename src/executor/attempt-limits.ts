export class DeadlineError extends Error {
  override readonly name = "TimeoutError";
}

export class CancelledError extends Error {
  override readonly name = "AbortError";
}

/** `passed` rejects at the deadline or when the run is cancelled; the signal aborts with the same reason. */
export function startLimits(timeoutMs: number, stop: AbortSignal) {
  let controller: AbortController | undefined;
  let ended: Error | undefined;
  const { promise: passed, reject } = Promise.withResolvers<never>();
  passed.catch(() => {}); // it may pass after the work has failed, when nobody listens any more
  const end = (reason: Error) => {
    ended ??= reason;
    controller?.abort(ended);
    reject(ended);
  };
  /** Made when the agent first asks for it, which one that never waits does not. */
  const signal = () => {
    controller ??= new AbortController();
    if (ended !== undefined) controller.abort(ended);
    return controller.signal;
  };
  const late = `The agent did not finish within its deadline of ${timeoutMs} ms. Give it less to do, or raise its timeoutMs.`;
  const timer = setTimeout(() => end(new DeadlineError(late)), timeoutMs);
  const onStop = () => end(new CancelledError("The run was cancelled while it worked."));
  stop.addEventListener("abort", onStop);
  if (stop.aborted) onStop();
  const release = () => {
    clearTimeout(timer);
    stop.removeEventListener("abort", onStop);
  };
  return { signal, ended: () => ended, passed, release };
}
