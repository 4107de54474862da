import * as z from "zod";
import { Role } from "./roles.ts";

export const NewSession = z.strictObject({
  token: z.string().min(1).max(500).meta({ description: "An API token, or the ADMIN_TOKEN." }),
});

export const Session = z
  .object({
    name: z.string().meta({ description: "As the record of a change names the caller." }),
    role: Role,
    via: z.enum(["admin_token", "token", "session", "access", "access_service", "local"]).meta({
      description: "What the caller is known by. `local`: the service is open to this machine.",
    }),
    expires_at: z.iso.datetime().nullable().meta({ description: "When a session ends; null: it is none." }),
    csrf_token: z.string().meta({
      description:
        "To be sent as `X-CSRF-Token` with whatever changes something on the strength of a cookie; empty where none is asked for.",
    }),
  })
  .meta({ id: "Session" });
export type Session = z.input<typeof Session>;

export const EndedSession = z.object({ ended: z.literal(true) }).meta({ id: "EndedSession" });
export type EndedSession = z.input<typeof EndedSession>;
