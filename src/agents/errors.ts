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
