import { cp, mkdir, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mustRun, startChild } from "../support/child.ts";
import { connectToNetwork } from "./engine-network.ts";
import { privateEngineObstacle, startPrivateEngine } from "../support/private-engine.ts";
import { formerCommit, formerName } from "./former-program.ts";
import { type BenchRow, atMost } from "./row.ts";

const bar = 0.55;

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** What tells programs which mirrors and certificates this machine uses; an empty cache is not an unconfigured machine. */
const clientConfiguration = [".npmrc", ".netrc", ".config/go", ".gitconfig"] as const;

/**
 * A first quickstart of this checkout against one of an earlier commit, one after the other, each with an engine, a home folder and a network of
 * its own. It takes half an hour on two cores, so there is one round.
 */
export const quickstartRow: BenchRow = {
  id: "quickstart",
  title: "first `./quickstart --yes`: all caches empty, engine there, nothing built",
  rival: `the same of commit ${formerName}`,
  measure: async (say) => {
    const obstacle = await privateEngineObstacle();
    if (obstacle !== undefined) throw new Error(`cannot be measured here: ${obstacle}`);
    // Else the first of the two would install it for both.
    await mustRun("mmdebstrap", ["--version"]);
    const rivalMs = await timeQuickstart("rival", checkOutRival, say);
    say(`${formerName}: ${Math.round(rivalMs / 1000)} s`);
    const ours = await timeQuickstart("ours", copyWorkingTree, say);
    say(`this checkout: ${Math.round(ours / 1000)} s`);
    return atMost({ ours, rivalMs, ratio: ours / rivalMs, rounds: 1 }, bar);
  },
};

async function timeQuickstart(
  name: string,
  putCheckout: (folder: string) => Promise<void>,
  say: (text: string) => void,
): Promise<number> {
  const engine = await startPrivateEngine([]);
  const network = await connectToNetwork(Number(engine.inside[2]));
  try {
    const checkout = join(engine.folder, "checkout");
    const home = join(engine.folder, "home");
    await mkdir(checkout);
    await putCheckout(checkout);
    for (const file of clientConfiguration) {
      await cp(join(homedir(), file), join(home, file), { recursive: true }).catch(() => undefined);
    }
    const stateDir = join(engine.folder, "state");
    // By its whole path: in the engine's namespaces the working folder is the root.
    const command = [...engine.inside.slice(1), join(checkout, "quickstart"), "--yes", "--state-dir", stateDir];
    const run = startChild(engine.inside[0] ?? "", command, {
      env: { ...emptyHome(home), ...engine.environment },
    });
    run.process.stdout?.on("data", (chunk: Buffer) => say(`${name} ${chunk.toString().trimEnd()}`));
    const { exitCode, stderr, ms } = await run.ended;
    if (exitCode !== 0) throw new Error(`quickstart of ${name} ended with ${exitCode}:\n${stderr.slice(-4000)}`);
    return ms;
  } finally {
    await engine.dispose();
    await network.dispose();
    await rm(engine.folder, { recursive: true, force: true });
  }
}

/** The environment of this process with every cache in a home folder of its own, and without the Node that npm put into the path. */
function emptyHome(home: string): NodeJS.ProcessEnv {
  const places = /^(?:HOME|XDG_.*|npm_.*|NPM_.*|GOPATH|GOCACHE|GOMODCACHE|NODE_COMPILE_CACHE|INIT_CWD|DOCKER_.*)$/;
  const kept = Object.entries(process.env).filter(([name]) => !places.test(name));
  const path = (process.env["PATH"] ?? "").split(":").filter((folder) => !folder.includes("node_modules"));
  return { ...Object.fromEntries(kept), HOME: home, PATH: path.join(":"), CI: "1", NO_COLOR: "1" };
}

async function checkOutRival(folder: string): Promise<void> {
  const archive = `${folder}.tar`;
  await mustRun("git", ["archive", "--output", archive, formerCommit], { cwd: root });
  await mustRun("tar", ["--extract", "--file", archive, "--directory", folder]);
  await rm(archive);
}

/** What would be committed: tracked and new files as they are now. */
async function copyWorkingTree(folder: string): Promise<void> {
  const listed = await mustRun("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root });
  for (const file of listed.split("\0").filter((name) => name !== "")) {
    // A file that was removed and is still listed is not there.
    await cp(join(root, file), join(folder, file)).catch(() => undefined);
  }
}
