// Measures Slipway against the programs it stands on. `npm run bench -- --help` lists the options.
import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { mustRun } from "../support/child.ts";
import { cliRows } from "./cli-rows.ts";
import { type Measured, toMarkdown, toTable } from "./report.ts";
import { planRow } from "./plan-row.ts";
import { platformRows } from "./platform-rows.ts";
import { prepareProgram } from "./program.ts";

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    rounds: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    "no-build": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const help = `npm run bench -- [options]
  --only ID[,ID]  only these rows: start, validate, plan-offline, render, plan-scale, bring-up, no-op
  --rounds N      rounds of the bring-up (default 5)
  --json          the result as JSON on standard output
  --write         write docs/benchmarks.md
  --no-build      measure dist/slipway.cjs as it is
`;

async function main(): Promise<void> {
  if (options.help) {
    process.stdout.write(help);
    return;
  }
  const program = await prepareProgram(!options["no-build"]);
  const all = [...cliRows(program), planRow, ...platformRows(program, Number(options.rounds))];
  const wanted = options.only === "" ? all.map((row) => row.id) : options.only.split(",");
  const unknown = wanted.filter((id) => !all.some((row) => row.id === id));
  if (unknown.length > 0) throw new Error(`there is no row ${unknown.join(", ")}\n${help}`);
  const measured: Measured[] = [];
  for (const row of all.filter((candidate) => wanted.includes(candidate.id))) {
    process.stderr.write(`${row.id}: ${row.title}\n`);
    const comparison = await row.measure((text) => process.stderr.write(`  ${text}\n`));
    measured.push({ ...row, ...comparison, pass: comparison.ratio <= row.bar });
  }
  const machine = await describeMachine();
  if (options.json) {
    const rows = measured.map((row) => ({ ...row, measure: undefined }));
    process.stdout.write(
      `${JSON.stringify({ apiVersion: "slipway/v1", kind: "Benchmark", machine, rows }, undefined, 2)}\n`,
    );
  } else process.stdout.write(toTable(measured, machine));
  if (options.write) {
    const page = fileURLToPath(new URL("../../../docs/benchmarks.md", import.meta.url));
    await writeFile(page, toMarkdown(measured, machine));
  }
  if (measured.some((row) => !row.pass)) process.exitCode = 1;
}

async function describeMachine(): Promise<string> {
  const [engine, compose] = await Promise.all([
    mustRun("docker", ["version", "--format", "{{.Server.Version}}"]),
    mustRun("docker", ["compose", "version", "--short"]),
  ]);
  const cores = cpus();
  return `${cores.length} × ${cores[0]?.model.trim() ?? "unknown CPU"}, Node ${process.versions.node}, Docker ${engine.trim()}, Compose ${compose.trim()}`;
}

await main();
