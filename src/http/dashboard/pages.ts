import { Hono } from "hono";
import { signedIn } from "../access.ts";
import type { AppEnv } from "../app-context.ts";
import { agentPage } from "./agent.tsx";
import { costsPage } from "./costs.tsx";
import { answerErrorPage } from "./error-page.tsx";
import { jobPage } from "./job.tsx";
import { overviewPage } from "./overview.tsx";
import { runPage } from "./run.tsx";
import { runsPage } from "./runs.tsx";
import { schedulePage } from "./schedule.tsx";
import { settingsPage } from "./settings.tsx";

/** The pages for people. They read what the API's routes read; what changes something is sent to the API. */
export function dashboardPages() {
  const viewer = signedIn("viewer");
  return new Hono<AppEnv>()
    .onError(answerErrorPage)
    .get("/", viewer, overviewPage)
    .get("/agents/:name", viewer, agentPage)
    .get("/runs", viewer, runsPage)
    .get("/runs/:id", viewer, runPage)
    .get("/schedule", viewer, schedulePage)
    .get("/schedule/:id", viewer, jobPage)
    .get("/settings", viewer, settingsPage)
    .get("/costs", viewer, costsPage);
}
