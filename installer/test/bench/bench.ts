// Measures Slipway against the programs it stands on. `npm run bench -- --help` lists the options.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { mustRun } from "../support/child.ts";
import { backupRows } from "./backup-rows.ts";
import { bundleRows } from "./bundle/rows.ts";
import { describeRivals } from "./bundle/rivals.ts";
import { cliRows } from "./cli-rows.ts";
import { clusterRows, describeCluster } from "./cluster-rows.ts";
import { type Group, type GroupResult, type Measured, toMarkdown, toTable } from "./report.ts";
import { executableRows } from "./executable-rows.ts";
import { formerRows } from "./former-rows.ts";
import { planRow } from "./plan-row.ts";
import { platformRows } from "./platform-rows.ts";
import { type Processor, readProcessor } from "./processor.ts";
import { prepareProgram } from "./program.ts";
import { quickstartRow } from "./quickstart.ts";
import { redactRow } from "./redact-row.ts";
import type { BenchRow } from "./row.ts";

const { values: options } = parseArgs({
  options: {
    bundle: { type: "boolean", default: false },
    quickstart: { type: "boolean", default: false },
    cluster: { type: "boolean", default: false },
    backup: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    rounds: { type: "string", default: "5" },
    gib: { type: "string", default: "10" },
    "without-sha": { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    "no-build": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const group = (["bundle", "quickstart", "cluster", "backup"] as const).find((name) => options[name]) ?? "platform";

async function rowsOf(processor: Processor): Promise<readonly BenchRow[]> {
  // It runs from a checkout, as a first user has it.
  if (group === "quickstart") return [quickstartRow];
  const program = await prepareProgram(!options["no-build"]);
  const rounds = Number(options.rounds);
  if (group === "cluster") return clusterRows(program, rounds);
  if (group === "backup") return backupRows(program, { rounds, gib: Number(options.gib) });
  if (group === "bundle") return bundleRows(program, { rounds, hasSha: processor.hasSha });
  return [
    ...cliRows(program),
    ...executableRows(program),
    planRow,
    redactRow(rounds),
    ...platformRows(program, rounds),
    ...formerRows(program),
  ];
}

async function main(): Promise<void> {
  const processor = await readProcessor(options["without-sha"]);
  const all = await rowsOf(processor);
  if (options.help) {
    process.stdout.write(help(all));
    return;
  }
  const wanted = options.only === "" ? all.map((row) => row.id) : options.only.split(",");
  const unknown = wanted.filter((id) => !all.some((row) => row.id === id));
  if (unknown.length > 0) throw new Error(`there is no row ${unknown.join(", ")}\n${help(all)}`);
  const rows: Measured[] = [];
  for (const { id, title, rival, measure } of all.filter((candidate) => wanted.includes(candidate.id))) {
    process.stderr.write(`${id}: ${title}\n`);
    const outcome = await measure((text) => process.stderr.write(`  ${text}\n`));
    rows.push({ id, title, rival, ...outcome });
  }
  const result = { machine: await describeMachine(processor), rows };
  if (options.json) {
    const head = { apiVersion: "slipway/v1", kind: "Benchmark" };
    process.stdout.write(`${JSON.stringify({ ...head, ...result }, undefined, 2)}\n`);
  } else process.stdout.write(toTable(result));
  if (options.write) {
    const order = all.map((row) => row.id);
    await writePage(group === "bundle" && !processor.hasSha ? "bundle-without-sha" : group, result, order);
  }
  if (rows.some((row) => !row.pass)) process.exitCode = 1;
}

function help(rows: readonly BenchRow[]): string {
  return `npm run bench -- [options], npm run bench:cluster -- [options],
npm run bench:bundle -- [options], npm run bench:quickstart -- [options], npm run bench:backup -- [options]
  --only ID[,ID]  only these rows: ${rows.map((row) => row.id).join(", ")}
  --rounds N      rounds of what takes long (default 5)
  --gib N         data of the platform that is backed up (default 10)
  --without-sha   start every program as on a processor without SHA instructions
  --json          the result as JSON on standard output
  --write         write what was measured into docs/benchmarks.md
  --no-build      measure dist/slipway.cjs as it is
`;
}

/** The page shows all groups, and all rows of the measured one: what was not measured now keeps its figures. */
async function writePage(measured: Group, result: GroupResult, order: readonly string[]): Promise<void> {
  const folder = fileURLToPath(new URL("./results/", import.meta.url));
  const pathOf = (group: Group): string => `${folder}${group}.json`;
  const read = async (group: Group): Promise<GroupResult | undefined> => {
    const text = await readFile(pathOf(group), "utf8").catch(() => undefined);
    return text === undefined ? undefined : (JSON.parse(text) as GroupResult);
  };
  const rows = new Map([...((await read(measured))?.rows ?? []), ...result.rows].map((row) => [row.id, row]));
  const merged = { ...result, rows: order.flatMap((id) => rows.get(id) ?? []) };
  await mkdir(folder, { recursive: true });
  await writeFile(pathOf(measured), `${JSON.stringify(merged, undefined, 2)}\n`);
  const page = fileURLToPath(new URL("../../../docs/benchmarks.md", import.meta.url));
  await writeFile(
    page,
    toMarkdown({
      platform: await read("platform"),
      cluster: await read("cluster"),
      backup: await read("backup"),
      quickstart: await read("quickstart"),
      bundle: await read("bundle"),
      "bundle-without-sha": await read("bundle-without-sha"),
    }),
  );
}

async function describeMachine(processor: Processor): Promise<string> {
  const [engine, compose] = await Promise.all([
    mustRun("docker", ["version", "--format", "{{.Server.Version}}"]),
    mustRun("docker", ["compose", "version", "--short"]),
  ]);
  const own = `${processor.text}, Node ${process.versions.node}`;
  if (group === "cluster") return `${own}, ${await describeCluster()}`;
  const rivals = group === "bundle" ? `, ${await describeRivals()}` : `, Compose ${compose.trim()}`;
  return `${own}, Docker ${engine.trim()}${rivals}`;
}

await main();
