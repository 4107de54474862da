import * as z from "zod";

/** Whether calendars are kept by that name: an IANA timezone such as `Europe/Berlin`, and no bare offset. */
export function isTimezone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export const TimezoneName = z
  .string()
  .refine(isTimezone, "must be an IANA timezone, like Europe/Berlin or UTC")
  .meta({ description: "An IANA timezone.", example: "Europe/Berlin" });
