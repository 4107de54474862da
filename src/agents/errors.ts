/** Throw it to say that trying again would change nothing: the run fails, whatever its retry policy says. */
export class NonRetryableError extends Error {
  override readonly name: string = "NonRetryableError";
}

/** Throw it to have the next attempt, if there is one, start after `delayMs`, instead of as the policy would. */
export class RetryAfterError extends Error {
  override readonly name: string = "RetryAfterError";
  readonly delayMs: number;

  constructor(delayMs: number, message = `try again in ${delayMs} ms`) {
    super(message);
    this.delayMs = delayMs;
  }
}

/** What `context.memory` was to change is not of the version that it was to be changed from. */
export class MemoryConflictError extends Error {
  override readonly name: string = "MemoryConflictError";
}

/** There is no room in the agent's memory for what it was to remember: forget something first. */
export class MemoryFullError extends Error {
  override readonly name: string = "MemoryFullError";
}
