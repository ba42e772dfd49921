// Breaks backups and restores for as long as it is told: `npm run campaign -- --minutes 60 --seed 7`.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { toMarkdown, type CampaignRecord } from "./report.ts";
import { runCampaign } from "./run-campaign.ts";

const help = `Usage: npm run campaign -- [options]

Brings platforms up on this machine's engine, lets people work on them, and breaks backups and restores in every way that is known.

  --minutes <n>  no fault is begun after so many (10)
  --seed <n>     the same seed chooses the same faults (of the clock)
  --only <text>  only faults whose kind has this text in it, such as "clock"
  --write        note the result in docs/campaign.md
  --help         this text
`;

const { values: options } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: String(Date.now() % 100_000) },
    only: { type: "string", default: "" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const results = new URL("results/campaign.json", import.meta.url);
const page = new URL("../../../docs/campaign.md", import.meta.url);

async function main(): Promise<void> {
  if (options.help) {
    process.stdout.write(help);
    return;
  }
  const [minutes, seed] = [Number(options.minutes), Number(options.seed)];
  if (!(minutes > 0) || !Number.isInteger(seed)) {
    process.stderr.write(`error: --minutes takes a number above 0, --seed a whole number\n\n${help}`);
    process.exitCode = 2;
    return;
  }
  process.stdout.write(`seed ${seed}, ${minutes} minutes\n`);
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      process.stderr.write("stopping: this fault is looked at to its end, then everything is removed\n");
      stopping.abort();
    });
  }
  const result = await runCampaign(
    { seed, minutes, only: options.only, signal: stopping.signal },
    ({ round, kind, what, problems, seconds }) => {
      const verdict = problems.length === 0 ? "well" : `PROBLEM\n    ${problems.join("\n    ")}`;
      process.stdout.write(`${round}  ${kind}: ${what} (${seconds} s): ${verdict}\n`);
    },
  );
  const failed = result.rows.filter(({ problems }) => problems.length > 0).length;
  process.stdout.write(`${result.rows.length - failed} passed, ${failed} failed\n`);
  if (stopping.signal.aborted) process.exitCode = 130;
  else if (options.write) await note({ ...result, at: new Date().toISOString() });
  if (failed > 0) process.exitCode ??= 1;
}

async function note(record: CampaignRecord): Promise<void> {
  await mkdir(new URL(".", results), { recursive: true });
  await writeFile(results, `${JSON.stringify(record, undefined, 2)}\n`);
  const text = await readFile(page, "utf8");
  await writeFile(page, toMarkdown(text, record));
  process.stdout.write(`noted in ${fileURLToPath(page)}\n`);
}

await main();
