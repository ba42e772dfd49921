import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mustRun } from "../support/child.ts";
import { compare } from "./measure.ts";
import { makeMemoryFolder } from "./memory-folder.ts";
import { type BenchRow, atMost } from "./row.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const platforms: Readonly<Record<string, { readonly platform: string; readonly file: string }>> = {
  x64: { platform: "linux/amd64", file: "slipway" },
  arm64: { platform: "linux/arm64", file: "slipway-linux-arm64" },
};

/** The single executable against the same program under a Node of its own; both keep compiled code between runs. */
export function executableRows(program: string): readonly BenchRow[] {
  return [
    row("executable-start", "executable: start (`--version`)", 1.2, ["--version"]),
    row("executable", "executable: `validate` of infra", 1.2, ["validate"]),
  ];

  function row(id: string, title: string, bar: number, command: readonly string[]): BenchRow {
    return {
      id,
      title,
      rival: "`node dist/slipway.cjs`",
      measure: async (say) => {
        const folder = await makeMemoryFolder();
        try {
          const executable = await makeExecutable(folder);
          const env = { PATH: process.env["PATH"], HOME: folder, XDG_CACHE_HOME: join(folder, "cache") };
          const options = { cwd: folder, env };
          const comparison = await compare(
            { run: () => mustRun(executable, command, options) },
            { run: () => mustRun(process.execPath, [program, ...command], options) },
            { rounds: 25, warmUps: 3, onRound: say },
          );
          return atMost(comparison, bar);
        } finally {
          await rm(folder, { recursive: true, force: true });
        }
      },
    };
  }
}

async function makeExecutable(folder: string): Promise<string> {
  const output = platforms[process.arch];
  if (output === undefined) throw new Error(`there is no executable for ${process.arch}`);
  const script = join(root, "scripts/package.ts");
  await mustRun(process.execPath, [script, "--no-build", "--platform", output.platform, "--out", folder], {
    cwd: root,
  });
  return join(folder, output.file);
}
