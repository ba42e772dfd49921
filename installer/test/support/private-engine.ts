import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { runChild, startChild } from "./child.ts";
import { runPrefix } from "./platform.ts";

/** A Docker engine of its own, in namespaces of its own: it may be stopped without touching the machine's. */
export interface PrivateEngine {
  /** What a docker client needs to reach it. */
  readonly environment: Readonly<Record<string, string>>;
  /** A folder of its own, which goes with it. */
  readonly folder: string;
  /** Command and arguments to put before a program that is to run in its namespaces: there is loopback and no way out. */
  readonly inside: readonly string[];
  /** Ends the engine's daemon as a reboot would (SIGTERM) or a crash (SIGKILL), starts it again and waits until it answers. */
  restart(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** Ends it with everything that runs in it and removes its data. */
  dispose(): Promise<void>;
}

const needed = ["unshare", "ip", "dockerd"];

/** Why this machine cannot have a second engine, or undefined when it can. */
export async function privateEngineObstacle(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "a second Docker engine needs root";
  for (const program of needed) {
    const found = await runChild("sh", ["-c", `command -v ${program}`]);
    if (found.exitCode !== 0) return `a second Docker engine needs ${program}`;
  }
  return undefined;
}

/**
 * Starts an engine with its own data, network and processes, and copies images of the machine's engine into it.
 * @param prepare shell lines that run in its namespaces, in its folder, before it starts
 */
export async function startPrivateEngine(images: readonly string[], prepare = ""): Promise<PrivateEngine> {
  const folder = await mkdtemp(join(tmpdir(), `${runPrefix}engine-`));
  const socket = join(folder, "docker.sock");
  const environment = { DOCKER_HOST: `unix://${socket}` };
  await mkdir(join(folder, "home"));
  await writeFile(join(folder, "boot.sh"), bootScript(folder, prepare));
  const holder = spawn(
    "unshare",
    ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", join(folder, "boot.sh")],
    { stdio: "ignore" },
  );
  let firstInside = 0;
  const engine: PrivateEngine = {
    environment,
    folder,
    get inside() {
      return ["nsenter", "--target", String(firstInside), "--net", "--mount", "--pid", "--"];
    },
    restart: async (signal) => {
      const daemon = await daemonOf(holder);
      process.kill(daemon, signal);
      await until("the engine to end", () => Promise.resolve(!isAlive(daemon)));
      await until("the engine to answer again", () => answers(environment));
    },
    dispose: async () => {
      // The first process of the PID namespace takes every container and shim with it.
      holder.kill("SIGKILL");
      await until("the engine's processes to end", () =>
        Promise.resolve(holder.exitCode !== null || holder.signalCode !== null),
      );
      await removeData(folder);
    },
  };
  try {
    await until("the engine to answer", () => answers(environment));
    firstInside = (await childrenOf(holder.pid ?? 0))[0] ?? 0;
    if (images.length > 0) await copyImages(images, environment);
    return engine;
  } catch (error) {
    const log = await readFile(join(folder, "log"), "utf8").catch(() => "");
    await engine.dispose();
    throw new Error(`the second engine did not start:\n${log.split("\n").slice(-20).join("\n")}`, { cause: error });
  }
}

/** The daemon is started again whenever it ends, as the machine's init system would. */
function bootScript(folder: string, prepare: string): string {
  return `ip link set lo up
cd ${folder} || exit 1
${prepare}
while :; do
  dockerd --data-root ${folder}/data --exec-root ${folder}/exec --pidfile ${folder}/pid --host unix://${folder}/docker.sock \\
    --exec-opt native.cgroupdriver=cgroupfs --storage-driver overlay2 >>${folder}/log 2>&1
  rm -f ${folder}/pid
  sleep 1
done
`;
}

/** Process id of the daemon as this side of the namespace sees it: the only grandchild that is no shell. */
async function daemonOf(holder: ChildProcess): Promise<number> {
  for (const shell of await childrenOf(holder.pid ?? 0)) {
    for (const child of await childrenOf(shell)) {
      if ((await readFile(`/proc/${child}/comm`, "utf8")).trim() === "dockerd") return child;
    }
  }
  throw new Error("the second engine's daemon does not run");
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.split(" ").filter(Boolean).map(Number);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function answers(environment: Readonly<Record<string, string>>): Promise<boolean> {
  const result = await runChild("docker", ["version"], { env: { ...process.env, ...environment } });
  return result.exitCode === 0;
}

async function copyImages(images: readonly string[], environment: Readonly<Record<string, string>>): Promise<void> {
  const save = spawn("docker", ["save", ...images], { stdio: ["ignore", "pipe", "inherit"] });
  const load = startChild("docker", ["load", "--quiet"], {
    env: { ...process.env, ...environment },
    input: save.stdout,
  });
  const { exitCode, stderr } = await load.ended;
  if (exitCode !== 0) throw new Error(`the images could not be loaded:\n${stderr}`);
}

async function until(what: string, isSo: () => Promise<boolean>, limitMs = 150_000): Promise<void> {
  const begin = performance.now();
  while (!(await isSo())) {
    if (performance.now() - begin > limitMs) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Its mounts went with its namespace, a moment after its last process. */
async function removeData(folder: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await rm(folder, { recursive: true, force: true });
      return;
    } catch (error) {
      if (attempt === 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
