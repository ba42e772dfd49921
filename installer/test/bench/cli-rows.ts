import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mustRun } from "../support/child.ts";
import { compare } from "./measure.ts";
import { makeMemoryFolder } from "./memory-folder.ts";
import { type BenchRow, atMost } from "./row.ts";

const nothing = ["-e", "0"];
const haExample = fileURLToPath(new URL("../../../values/examples/ha.yaml", import.meta.url));

/** The profile with twice as many programs, against the one below it. */
function standardRow(program: string): BenchRow {
  return {
    id: "render-standard",
    title: "`render` of standard",
    rival: "`render` of infra",
    measure: async (say) => {
      const folder = await makeMemoryFolder();
      const env = { PATH: process.env["PATH"], HOME: folder, XDG_CACHE_HOME: join(folder, "cache") };
      const render = (profile: string) => async (): Promise<void> => {
        const words = ["render", "--mode", "compose", "--profile", profile, "--set", "domain=platform.test"];
        const place = ["--out", join(folder, profile), "--name", "bench", "--state-dir", join(folder, "state")];
        await mustRun(process.execPath, [program, ...words, ...place], { cwd: folder, env });
        await rm(join(folder, profile), { recursive: true, force: true });
      };
      try {
        const rounds = { rounds: 25, warmUps: 3, onRound: say };
        return atMost(await compare({ run: render("standard") }, { run: render("infra") }, rounds), 1.6);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

/** Start of the command line and the commands that only compute, against a Node that does nothing. */
export function cliRows(program: string): readonly BenchRow[] {
  return [
    row("start", "CLI start (`--version`)", 1.3, () => ["--version"]),
    row("validate", "`validate` of infra", 2.2, () => ["validate"]),
    row("plan-offline", "`plan --offline` of infra", 2.6, () => ["plan", "--offline"]),
    row("render", "`render` of infra", 3, (folder) => ["render", "--mode", "compose", "--out", join(folder, "out")]),
    row("render-ha", "`render` of ha", 8, (folder) => [
      ...["render", "--mode", "helm", "--profile", "ha", "--file", haExample],
      ...["--out", join(folder, "out")],
    ]),
    standardRow(program),
  ];

  function row(id: string, title: string, bar: number, commandIn: (folder: string) => readonly string[]): BenchRow {
    return {
      id,
      title,
      rival: "`node -e 0`",
      measure: async (say) => {
        const folder = await makeMemoryFolder();
        // An own cache: the first start of the shipped file keeps its compiled code there, as on a person's machine.
        const env = { PATH: process.env["PATH"], HOME: folder, XDG_CACHE_HOME: join(folder, "cache") };
        const options = { cwd: folder, env };
        const command = commandIn(folder);
        const install = command[0] === "--version" ? [] : ["--name", "bench", "--state-dir", join(folder, "state")];
        try {
          return atMost(
            await compare(
              {
                run: () => mustRun(process.execPath, [program, ...command, ...install], options),
                after: () => rm(join(folder, "out"), { recursive: true, force: true }),
              },
              { run: () => mustRun(process.execPath, nothing, options) },
              { rounds: 25, warmUps: 3, onRound: say },
            ),
            bar,
          );
        } finally {
          await rm(folder, { recursive: true, force: true });
        }
      },
    };
  }
}
