import { existsSync, globSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { CommandInfo } from "../../src/cli/completion/command-tree.ts";
import { describeProgram } from "../../src/cli/docs/describe-program.ts";
import { alertRules } from "../../src/actions/metrics/alert-rules.ts";
import { allMetrics } from "../../src/actions/metrics/all-metrics.ts";
import { componentDefinitions } from "../../src/plan/components/all.ts";
import { diskFor, memoryFor, usualEstimate } from "../../src/actions/init/sizing.ts";
import { valuesSections } from "../../src/plan/values-sections.ts";
import { runsHere } from "../../src/values/section.ts";
import { profileValues } from "../support/infra-plan.ts";
import { referencePlan } from "../support/compose-reference.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const pages = globSync("{*.md,docs/**/*.md,compose/*.md,installer/test/*/README.md}", { cwd: root }).sort();
const roots = readdirSync(root).filter((name) => !["node_modules", "dist", ".git"].includes(name));

/** What the page on adding a component makes up. */
const madeUp = /coredns|notice/;

function read(page: string): string {
  return readFileSync(join(root, page), "utf8");
}

/** The text without its code blocks. */
function proseOf(text: string): string {
  return text.replaceAll(/^```.*?^```$/gms, "");
}

/** What a person would type: lines of shell blocks, without their comments. */
function commandsOf(text: string): readonly string[] {
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = ""]) =>
    block
      .replaceAll("\\\n", " ")
      .split("\n")
      .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
      .filter((line) => line !== ""),
  );
}

/** As GitHub and others make anchors of headings. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = proseOf(text).matchAll(/^#+ (.+)$/gm);
  return new Set(
    [...headings].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
        .trim()
        .replaceAll(" ", "-"),
    ),
  );
}

describe.each(pages)("%s", (page) => {
  const text = read(page);

  it("links to files and headings that are there", () => {
    const broken = [...proseOf(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = ""]) => {
      if (/^[a-z]+:/.test(link)) return [];
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? page : posix.join(dirname(page), path);
      if (!existsSync(join(root, target))) return [link];
      return anchor === undefined || anchorsOf(read(target)).has(anchor) ? [] : [link];
    });

    expect(broken).toEqual([]);
  });

  it("names paths that are there", () => {
    const named = [...text.matchAll(/`([\w.@-]+\/[\w./@<>*{},-]*)`/g)].map(([, path = ""]) => path);
    const ours = named.filter((path) => roots.includes(path.split("/")[0] ?? "") && !madeUp.test(path));
    const gone = ours.filter((path) => globSync(path.replaceAll(/<\w+>/g, "*"), { cwd: root }).length === 0);

    expect(gone).toEqual([]);
  });

  it("writes commands that npm, vitest and node find", () => {
    const { scripts } = JSON.parse(read("package.json")) as { readonly scripts: Readonly<Record<string, string>> };
    const commands = [...commandsOf(text), ...[...text.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code)];
    const wrong = commands.flatMap((command) => {
      const script = /^npm run ([\w:-]+)/.exec(command)?.[1];
      if (script !== undefined) return script in scripts ? [] : [command];
      if (!/^(npx vitest|node (?!-)|\S+=\S+ npx vitest)/.test(command)) return [];
      const files = command.split(/\s+/).filter((word) => /^[\w-]+\/\S+\.ts$/.test(word));
      return files.every((file) => existsSync(join(root, file))) ? [] : [command];
    });

    expect(wrong).toEqual([]);
  });

  it("writes commands of slipway as they are", async () => {
    const program = await describeProgram();

    expect(commandsOf(text).flatMap((command) => problemsOf(program, command))).toEqual([]);
  });
});

/** Words and options of a command line that the program does not know; what stands behind `--` is another program's. */
function problemsOf(program: CommandInfo, line: string): readonly string[] {
  const [first = "", ...words] = (line.split(/\s(?:[|&>]|2>|--\s)/)[0] ?? "").split(/\s+/);
  if (!/^(\S+\/)?slipway$/.test(first)) return [];
  const command = commandOf(program, words);
  const known = [...program.options, ...command.options].flatMap(({ long, short }) => [long, short]);
  const options = words.filter((word) => /^-./.test(word) && !known.includes(word.split("=")[0]));
  const noCommand = command === program && words[0]?.startsWith("-") === false ? [words[0]] : [];
  return [...noCommand, ...options].map((word) => `${word} in: ${line}`);
}

/** The command that the first words name. */
function commandOf(command: CommandInfo, [word, ...rest]: readonly string[]): CommandInfo {
  const found = command.commands.find(({ path }) => path.at(-1) === word);
  return found === undefined ? command : commandOf(found, rest);
}

describe("what the folders of the tests say of themselves", () => {
  it.each(["installer/test/support", "installer/test/stand-ins"])(
    "%s/README.md names each file and no other",
    (folder) => {
      const named = [...read(`${folder}/README.md`).matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = ""]) => name);
      const there = readdirSync(join(root, folder), { withFileTypes: true })
        .filter(({ name }) => name !== "README.md")
        .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));

      expect(named).toEqual(there.toSorted());
    },
  );
});

describe("the pages about components", () => {
  it("docs/components.md names each, and in the table of known names no other", () => {
    const text = read("docs/components.md");
    const ids = componentDefinitions.map(({ id }) => id);
    const [, names = ""] = text.split(/^## Programs by the names you may know$/m);
    const [table = ""] = names.split(/^## /m);
    const here = [...table.matchAll(/^\| [^|]+ \| ([^|]+) \|$/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/`(csghub-[a-z-]+)`/g)].map(([, id = ""]) => id),
    );

    expect(ids.filter((id) => !text.includes(`\`${id}\``))).toEqual([]);
    expect(here.length).toBeGreaterThan(5);
    expect(here.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it("docs/sizing.md has each that runs, and says where something was not measured", () => {
    const [limits = ""] = read("docs/sizing.md").split(/^## Disk$/m);
    const rows = new Map(
      [...limits.matchAll(/^\| `([a-z-]+)` \| \d+ \| [\d.]+ \| ([^|]+) \| [^|]*\|$/gm)].map(
        ([, id = "", idle = ""]) => [id, idle],
      ),
    );
    const running = referencePlan("standard").components.flatMap(({ id, workload }) =>
      workload === undefined ? [] : [id],
    );

    expect([...rows.keys()]).toEqual(running);
    expect([...rows.values()].filter((idle) => !/^(\d+|not measured)$/.test(idle))).toEqual([]);
  });

  it("docs/scaling.md has each of the profile ha, with how many run", () => {
    const table = [...read("docs/scaling.md").matchAll(/^\| `([a-z-]+)` \| (\d*) \| (\d*) \| /gm)];
    const copies = referencePlan("ha").components.flatMap(({ id, presence, workload }) => {
      if (workload === undefined) return presence === "external" ? [[id, "", ""]] : [];
      const { replicas, maxReplicas = replicas } = workload;
      return [[id, String(replicas), String(maxReplicas)]];
    });

    expect(table.map(([, ...cells]) => cells).toSorted()).toEqual(copies.toSorted());
    expect(read("docs/scaling.md")).not.toContain("not known");
  });

  it("docs/sizing.md shows what init proposes for people and repositories", () => {
    const values = profileValues("standard", ["domain=hub.example.org"]);
    const [, proposed = ""] = read("docs/sizing.md").split(/^## What `init` proposes$/m);
    const [, memory = "", disks = ""] = proposed.split(/^(?:Memory in MiB|Disk in GiB), /m);
    const heads = [...memory.matchAll(/(\d+) people, (\d+) repositories/g)];
    const estimates = heads.map(([, users, repositories]) => ({
      users: Number(users),
      repositories: Number(repositories),
    }));
    const rowsOf = (table: string) =>
      new Map([...table.matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].map(([, key = "", row = ""]) => [key, row]));
    const growing = valuesSections().filter((row) => runsHere(values, row) && row.growth !== undefined);

    expect(estimates).toHaveLength(4);
    expect(rowsOf(memory)).toEqual(
      new Map(growing.map((row) => [row.key, estimates.map((one) => memoryFor(row, values, one)).join(" | ")])),
    );
    expect(rowsOf(disks)).toEqual(
      new Map(
        growing
          .filter((row) => diskFor(row, values, usualEstimate) !== undefined)
          .map((row) => [row.key, estimates.map((one) => diskFor(row, values, one)).join(" | ")]),
      ),
    );
  });
});

it("docs/metrics.md has each metric and each alert, in the order of the program", () => {
  const named = (prefix: string) =>
    [...read("docs/metrics.md").matchAll(new RegExp(`^\\| \`(${prefix}\\w+)\` \\|`, "gm"))].map(([, name]) => name);

  expect(named("slipway_")).toEqual(allMetrics.map(({ name }) => name));
  expect(named("Slipway")).toEqual(alertRules.map(({ alert }) => alert));
});
