import { FireListQuery, FirePage } from "../contract/job-fire.ts";
import { decodeFireCursor, encodeFireCursor } from "../core/cursor.ts";
import { listFires } from "../store/job-fires.ts";
import { jobFire } from "./job-view.ts";
import { invalidFields } from "./problems.ts";
import { defineRoute } from "./route.ts";

const getHistory = defineRoute({
  method: "GET",
  path: "/api/scheduler/history",
  tag: "Scheduler",
  summary: "What became of the slots of one job, or of all",
  description: "One record a slot, and one for each fire that somebody asked for. Of deleted jobs too.",
  access: "viewer",
  query: FireListQuery,
  answer: FirePage,
  problems: [],
  async handle({ query }, c) {
    const { limit, job_id: jobId = null } = query;
    const of = jobId === null ? "fire" : "slot";
    const before = query.cursor === undefined ? Number.MAX_SAFE_INTEGER : decodeFireCursor(of, query.cursor);
    if (before === null) throw invalidFields([{ field: "query.cursor", reason: "is not a next_cursor of this list" }]);
    const fires = await listFires(c.env.DB, { jobId, before, limit: limit + 1 });
    const history = fires.slice(0, limit);
    const last = history.at(-1);
    const more = fires.length > limit && last !== undefined;
    return {
      body: {
        history: history.map(jobFire),
        total: history.length,
        filters: { job_id: jobId, limit },
        next_cursor: more ? encodeFireCursor(of, jobId === null ? last.id : last.nominalAtMs) : null,
      },
    };
  },
});

export const jobHistoryRoutes = [getHistory];
