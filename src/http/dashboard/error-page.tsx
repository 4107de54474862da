import type { ContentfulStatusCode } from "hono/utils/http-status";
import { ProblemDocument } from "../../contract/problems.ts";
import type { AppContext } from "../app-context.ts";
import { answerError } from "../problems.ts";
import { answerPage } from "./layout.tsx";

/** The same problem that the API would answer, logged as there, for a person to read. */
export async function answerErrorPage(error: Error, c: AppContext): Promise<Response> {
  const answer = answerError(error, c);
  const problem = ProblemDocument.parse(await answer.json());
  const retryAfter = answer.headers.get("Retry-After");
  if (retryAfter !== null) c.header("Retry-After", retryAfter);
  return answerPage(
    c,
    { title: problem.title, section: null, status: problem.status as ContentfulStatusCode },
    <section class="card hero">
      <h1>{problem.title}</h1>
      <p>{problem.detail}</p>
      <p class="muted small">Request {problem.request_id}</p>
      <p>
        <a class="button" href="/">
          To the overview
        </a>
      </p>
    </section>,
  );
}
