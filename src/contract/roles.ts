import * as z from "zod";

/** From the least to the most; each may do what those before it may. */
export const ROLES = ["viewer", "operator", "admin"] as const;

export const Role = z.enum(ROLES).meta({
  description:
    "`viewer` reads; `operator` also runs, cancels and replays, and keeps jobs; `admin` also sets what agents are, what they may spend, and who may call.",
});
export type Role = z.infer<typeof Role>;

export function hasRole(role: Role, least: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(least);
}
