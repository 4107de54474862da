import { simulate } from "./simulate.ts";

/** `SEED=… npm run simulate` plays one seed; `SEEDS=300` plays as many of its kin; `TRACE=1` prints all that happens. */
const seed = process.env.SEED ?? String(Date.now());
const count = Number(process.env.SEEDS ?? 1);
const say = (line: string) => process.stdout.write(`${line}\n`);

say(`seed ${seed}${process.env.SEEDS === undefined ? "" : `, ${count} of its kin`}`);
let failed = 0;
let runs = 0;
const slots: Record<string, number> = {};
for (let n = 0; n < count; n++) {
  const one = process.env.SEEDS === undefined ? seed : `${seed}:${n}`;
  const simulated = await simulate(one, process.env.TRACE === undefined ? {} : { onLog: say });
  runs += simulated.runs;
  for (const [outcome, times] of Object.entries(simulated.slots)) slots[outcome] = (slots[outcome] ?? 0) + times;
  if (simulated.violations.length === 0) continue;
  failed++;
  say(`\nSEED=${one} npm run simulate`);
  for (const violation of simulated.violations.slice(0, 10)) say(`  ${violation}`);
}
say(`${runs} runs simulated, and slots of jobs: ${JSON.stringify(slots)}`);
say(`${count - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
