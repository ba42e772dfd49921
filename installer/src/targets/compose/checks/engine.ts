import { isOlder } from "../../../language/compare-versions.ts";
import type { CheckFinding } from "../../check.ts";
import { type ComposeCheck, type ComposeCheckContext, engineInfo } from "./compose-check.ts";

const oldestEngine = "24";
const advisedEngine = "26";
const oldestCompose = "2.24";

const reachable: ComposeCheck = {
  id: "engine.reachable",
  title: "the Docker engine answers",
  why: "everything runs in its containers",
  severity: "failure",
  run: ({ engine }) => {
    if (engine.reachable) return [];
    const denied = /EACCES|permission/i.test(engine.reason);
    return [
      {
        message: `the Docker engine does not answer: ${engine.reason}`,
        remedy: denied
          ? "run slipway as root, or add your user to the group docker and log in again"
          : "install Docker or start it (systemctl start docker); scripts/testbed/ensure-docker.sh does both",
      },
    ];
  },
};

const version: ComposeCheck = {
  id: "engine.version",
  title: "the Docker engine is 24 or later, better 26",
  why: "older engines lack the health check interval while a service starts, and receive no security fixes",
  severity: "failure",
  run: (context) => {
    const info = engineInfo(context);
    if (info === undefined) return [];
    if (isOlder(info.version, oldestEngine)) {
      return [{ message: `Docker ${info.version} is too old`, remedy: "upgrade Docker to 26 or later" }];
    }
    if (!isOlder(info.version, advisedEngine)) return [];
    return [
      {
        severity: "warning",
        message: `Docker ${info.version} works, but is old`,
        remedy: "upgrade Docker to 26 or later",
      },
    ];
  },
};

const compose: ComposeCheck = {
  id: "engine.compose",
  title: "docker compose is 2.24 or later",
  why: "it creates the containers",
  severity: "failure",
  run: async ({ docker }) => {
    // Without the docker program there is no answer at all.
    const found = await docker.composeVersion().catch(() => undefined);
    const remedy =
      "install the Compose plugin: docker-compose (Debian 13), docker-compose-v2 (Ubuntu), docker-compose-plugin (Docker's packages)";
    if (found === undefined) return [{ message: "the program docker or its Compose plugin is not installed", remedy }];
    return isOlder(found, oldestCompose) ? [{ message: `docker compose ${found} is too old`, remedy }] : [];
  },
};

const buildx: ComposeCheck = {
  id: "engine.buildx",
  title: "docker buildx is installed where images are built",
  why: "images of ours are built with it",
  severity: "warning",
  run: async ({ exec, canBuildImages, signal }) => {
    if (!canBuildImages) return [];
    const ok = await exec.run("docker", ["buildx", "version"], { allowFailure: true, timeoutMs: 15_000, signal }).then(
      (result) => result.exitCode === 0,
      () => false,
    );
    return ok
      ? []
      : [
          {
            message: "docker buildx is not installed",
            remedy: "install docker-buildx, or take the images from a registry",
          },
        ];
  },
};

const goodDrivers: readonly string[] = ["overlay2", "overlayfs", "btrfs", "zfs", "fuse-overlayfs", "windowsfilter"];

const storageDriver: ComposeCheck = {
  id: "engine.storage-driver",
  title: "the engine's storage driver shares layers",
  why: "the driver vfs copies every layer: many times the disk space and slow starts",
  severity: "warning",
  run: (context) => {
    const driver = engineInfo(context)?.storageDriver;
    if (driver === undefined || goodDrivers.includes(driver)) return [];
    return [
      {
        message: `the storage driver is ${driver}`,
        remedy: "put the engine's data on a file system that overlay2 works on, such as ext4 or xfs",
      },
    ];
  },
};

const cgroup: ComposeCheck = {
  id: "engine.cgroup",
  title: "memory and process limits work",
  why: "without them one service that runs away takes the host with it",
  severity: "failure",
  run: async (context) => {
    const info = engineInfo(context);
    if (info === undefined) return [];
    const missing =
      info.cgroupVersion === "2" ? await missingControllers2(context) : await missingControllers1(context);
    return missing.map(
      (controller): CheckFinding => ({
        message: `the cgroup controller "${controller}" is not available (cgroup v${info.cgroupVersion})`,
        remedy: "boot with cgroup_enable=memory swapaccount=1 on the kernel's command line, or enable the controller",
      }),
    );
  },
};

async function missingControllers1({ fs }: ComposeCheckContext): Promise<readonly string[]> {
  const text = await fs.readTextIfPresent("/proc/cgroups");
  if (text === undefined) return [];
  const enabled = text.split("\n").flatMap((line) => {
    const fields = line.split(/\s+/);
    return fields[3] === "1" ? [fields[0]] : [];
  });
  return ["memory", "pids"].filter((controller) => !enabled.includes(controller));
}

async function missingControllers2({ fs }: ComposeCheckContext): Promise<readonly string[]> {
  const text = await fs.readTextIfPresent("/sys/fs/cgroup/cgroup.controllers");
  // Not seen from inside a container; the engine then knows better than we do.
  if (text === undefined) return [];
  const enabled = text.trim().split(/\s+/);
  return ["memory", "pids", "cpu"].filter((controller) => !enabled.includes(controller));
}

const users: ComposeCheck = {
  id: "engine.users",
  title: "users of containers are users of the host",
  why: "each service reads its passwords from files that belong to its own user and to nobody else",
  severity: "failure",
  run: (context) => {
    const options = engineInfo(context)?.securityOptions ?? [];
    const mapped = ["rootless", "userns"].find((name) => options.includes(`name=${name}`));
    if (mapped === undefined) return [];
    return [
      {
        message:
          mapped === "rootless"
            ? "the engine runs rootless, which is not supported"
            : "the engine gives containers other users (userns-remap), which is not supported",
        remedy: "use an engine that runs as root, without userns-remap in its daemon.json",
      },
    ];
  },
};

/** S3 refuses what is 15 minutes wrong; tokens are refused sooner. */
const failMs = 5 * 60_000;
const warnMs = 60_000;

/** Services live by the engine's clock: on a machine of its own it may stand still while that sleeps. */
const clock: ComposeCheck = {
  id: "engine.clock",
  title: "the engine's clock is that of this host",
  why: "certificates made here are not valid there yet, and signatures and tokens from there are refused elsewhere",
  severity: "failure",
  run: (context) => {
    const told = engineInfo(context)?.time;
    if (told === undefined) return [];
    const ms = told.getTime() - context.clock.now().getTime();
    if (Math.abs(ms) < warnMs) return [];
    const minutes = Math.round(Math.abs(ms) / 60_000);
    return [
      {
        severity: Math.abs(ms) < failMs ? "warning" : "failure",
        message: `the clock of the Docker engine is ${minutes} ${minutes === 1 ? "minute" : "minutes"} ${ms < 0 ? "behind" : "ahead of"} this host's`,
        remedy:
          "set both and switch time synchronisation on; restart the machine that the engine runs on where it slept",
      },
    ];
  },
};

export const engineChecks: readonly ComposeCheck[] = [
  reachable,
  version,
  compose,
  buildx,
  storageDriver,
  cgroup,
  users,
  clock,
];
