import { assetPath } from "./assets.ts";
import { Field } from "./schema-field.tsx";

/** The page to sign in on. `next`: where to go on, already known to be a page of ours. `problem`: why not. */
export async function signInPage({ next, problem }: { next: string; problem: string | null }): Promise<string> {
  const page = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Sign in · Agent Runs</title>
        <link rel="icon" type="image/svg+xml" href={assetPath("icon.svg")} />
        <link rel="stylesheet" href={assetPath("dashboard.css")} />
      </head>
      <body>
        <main id="main" class="sign-in">
          <section class="card">
            <h1>Sign in to Agent Runs</h1>
            <form method="post" action="/sign-in">
              <p class="form-problem" role="alert">
                {problem}
              </p>
              <input type="hidden" name="next" value={next} />
              <Field
                id="token"
                label="API token"
                hint="An admin makes one under Settings; the first is the ADMIN_TOKEN."
              >
                <input
                  id="token"
                  name="token"
                  type="password"
                  autocomplete="current-password"
                  required
                  aria-describedby="token-hint"
                  aria-invalid={problem === null ? undefined : "true"}
                />
              </Field>
              <p class="actions">
                <button type="submit" class="primary">
                  Sign in
                </button>
              </p>
            </form>
          </section>
        </main>
      </body>
    </html>
  );
  return `<!doctype html>${await page.toString()}`;
}
