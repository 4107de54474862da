import type { Chance } from "./chance.ts";
import { OUTSIDE_STEPS, type ScriptedInput } from "./scripted-agent.ts";

export type Traits = ReturnType<typeof createTraits>;

/** What else a run does in a seed: it logs, and hands itself over. With a chance of its own, so that plays without are the same. */
export function createTraits({ between, happens, pick }: Chance) {
  const [logging, outside] = [pick([0, 0.3, 1]), pick([0, 0, 0.3])];

  function of(input: ScriptedInput): ScriptedInput {
    const lines = happens(logging) ? between(1, 8) : 0;
    if (!happens(outside)) return { ...input, lines };
    const script = input.script.with(between(0, input.script.length - 1), pick(OUTSIDE_STEPS));
    return { ...input, script, lines };
  }

  return { of };
}
