import type { Child } from "hono/jsx";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { MAX_CLOCK_SKEW_MS } from "../../contract/limits.ts";
import { hasRole, type Role } from "../../contract/roles.ts";
import type { AppContext, Caller } from "../app-context.ts";
import { CSRF_FIELD, csrfToken } from "../csrf.ts";
import { assetPath } from "./assets.ts";

export type Section = "Overview" | "Runs" | "Costs" | "Schedule" | "Settings" | null;

const SECTIONS = [
  { name: "Overview", path: "/" },
  { name: "Runs", path: "/runs" },
  { name: "Schedule", path: "/schedule" },
  { name: "Costs", path: "/costs" },
  { name: "Settings", path: "/settings" },
] as const;

export interface PageOptions {
  title: string;
  section: Section;
  /** Whether it draws charts. */
  charts?: boolean;
  status?: ContentfulStatusCode;
}

/** Answers a page of the dashboard: its content in the frame that all share. */
export async function answerPage(c: AppContext, options: PageOptions, content: Child): Promise<Response> {
  const csrf = await csrfToken(c);
  const page = (
    <html lang="en">
      <Head title={options.title} csrf={csrf} readAt={readAt(c)} charts={options.charts ?? false} />
      <body>
        <a class="skip" href="#main">
          Skip to the content
        </a>
        <div class="frame">
          <Side section={options.section} caller={c.get("caller")} csrf={csrf} />
          <main id="main">{content}</main>
        </div>
        <div id="notices" role="status" aria-live="polite" />
      </body>
    </html>
  );
  return c.html(`<!doctype html>${await page.toString()}`, options.status ?? 200);
}

/** Whether the viewer may do what needs a role; what they may not do is not offered. */
export function mayDo(c: AppContext, least: Role): boolean {
  const caller = c.get("caller");
  return caller !== null && hasRole(caller.role, least);
}

/** What happened since then may not be on the page yet. */
function readAt(c: AppContext): string {
  return new Date(c.get("arrivedAtMs") - MAX_CLOCK_SKEW_MS).toISOString();
}

function Head({ title, csrf, readAt, charts }: { title: string; csrf: string; readAt: string; charts: boolean }) {
  return (
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="csrf-token" content={csrf} />
      <meta name="read-at" content={readAt} />
      <title>{`${title} · Agent Runs`}</title>
      <link rel="icon" type="image/svg+xml" href={assetPath("icon.svg")} />
      <link rel="stylesheet" href={assetPath("dashboard.css")} />
      {charts && <link rel="stylesheet" href={assetPath("charts.css")} />}
      <script defer src={assetPath("dashboard.js")} />
      {charts && <script defer src={assetPath("charts.js")} />}
    </head>
  );
}

function Side({ section, caller, csrf }: { section: Section; caller: Caller | null; csrf: string }) {
  return (
    <header class="side">
      <a class="brand" href="/">
        <img src={assetPath("icon.svg")} alt="" width="26" height="26" />
        Agent Runs
      </a>
      <nav aria-label="Pages">
        <ul>
          {SECTIONS.map(({ name, path }) => (
            <li>
              <a href={path} aria-current={name === section ? "page" : undefined}>
                {name}
              </a>
            </li>
          ))}
          <li>
            <a href="/api/docs">API</a>
          </li>
        </ul>
      </nav>
      {caller !== null && (
        <div class="who">
          <span>
            {caller.name} · {caller.role}
          </span>
          {caller.via === "session" && (
            <form method="post" action="/sign-out">
              <input type="hidden" name={CSRF_FIELD} value={csrf} />
              <button type="submit">Sign out</button>
            </form>
          )}
        </div>
      )}
    </header>
  );
}
