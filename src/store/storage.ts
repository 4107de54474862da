import { withDeadline } from "../clock.ts";
import { D1_DEADLINE_MS } from "../contract/limits.ts";

/** D1 refused, failed or did not answer in time. A write may have been committed all the same: repeat it or look. */
export class StorageError extends Error {
  override readonly name = "StorageError";
}

/** The door to D1: every call goes through here, so each has a deadline and fails as a {@link StorageError}. */
export async function storage<T>(operation: string, call: () => Promise<T>): Promise<T> {
  try {
    return await withDeadline(call(), D1_DEADLINE_MS, () => new Error(`no answer within ${D1_DEADLINE_MS} ms`));
  } catch (cause) {
    throw new StorageError(`D1 could not ${operation}`, { cause });
  }
}
