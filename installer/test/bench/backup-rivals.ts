import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { readImageTable } from "../../src/actions/desired/load-plan.ts";
import { openAssets } from "../../src/cli/assets.ts";
import { mustRun } from "../support/child.ts";
import type { Bench } from "./bench-platform.ts";

/** What people have who do not have ours, on the same platform. */
export interface BackupRivals {
  /** `restic backup` of what ours has put together, into a repository of its own, after one of what was there before. */
  restic(): Promise<void>;
  /** `restic restore` of the newest of these, into an empty folder. */
  resticRestore(): Promise<void>;
  /** Removes what the last ones made, but for the repository. */
  clear(): Promise<void>;
  /** Stops people's access, dumps all databases, packs all volumes, and starts everything again. */
  dumpAndTar(): Promise<void>;
}

/** What ours puts backups together in, and the repository: no rival has to pack them. */
const [stagingSuffix, repositorySuffix] = ["_backup-staging", "_backup-repository"];

export async function openBackupRivals(bench: Bench): Promise<BackupRivals> {
  const image = readImageTable(openAssets())["toolbox"]?.reference ?? "";
  const folder = join(bench.folder, "rivals");
  const [restored, packed] = [join(folder, "restored"), join(folder, "packed")];
  for (const name of ["repository", "cache"]) await mkdir(join(folder, name), { recursive: true });
  for (const made of [restored, packed]) await mkdir(made);
  const inContainer = (program: string, mounts: readonly string[], ...args: readonly string[]): Promise<string> =>
    mustRun("docker", [
      ...["run", "--rm", "--user", "0", "--network", "none", "--env", "RESTIC_PASSWORD=bench"],
      ...mounts.flatMap((mount) => ["--volume", mount]),
      ...["--entrypoint", program, image, ...args],
    ]);
  const restic = (mounts: readonly string[], ...args: readonly string[]): Promise<string> =>
    inContainer(
      "restic",
      [`${join(folder, "repository")}:/repository`, `${join(folder, "cache")}:/cache`, ...mounts],
      ...["--quiet", "--repo", "/repository", "--cache-dir", "/cache", ...args],
    );
  await restic([], "init");
  return {
    restic: async () => {
      const staging = `${bench.name}${stagingSuffix}:/staging:ro`;
      await restic([staging], "backup", "--host", bench.name, "/staging/cut");
    },
    resticRestore: async () => {
      await restic([`${restored}:/restored`], "restore", "latest", "--target", "/restored");
    },
    clear: async () => {
      for (const made of [restored, packed]) {
        await rm(made, { recursive: true });
        await mkdir(made);
      }
    },
    dumpAndTar: () => dumpAndTar(bench, packed, inContainer),
  };
}

async function dumpAndTar(
  { name, stateDir }: Bench,
  target: string,
  inContainer: (program: string, mounts: readonly string[], ...args: readonly string[]) => Promise<string>,
): Promise<void> {
  const docker = (...args: readonly string[]): Promise<string> => mustRun("docker", args);
  const own = ["--filter", `label=dev.slipway.name=${name}`];
  const containers = (await docker("ps", ...own, "--format", "{{.Names}}")).split("\n").filter(Boolean);
  const database = `${name}-postgres-1`;
  await docker("stop", ...containers.filter((container) => container !== database));
  const password = (await readFile(join(stateDir, "secrets/postgres-admin"), "utf8")).trim();
  const dump = `docker exec --env PGPASSWORD ${database} pg_dumpall -h 127.0.0.1 -U postgres > ${join(target, "all.sql")}`;
  await mustRun("sh", ["-c", dump], { env: { ...process.env, PGPASSWORD: password } });
  await docker("stop", database);
  const volumes = (await docker("volume", "ls", ...own, "--format", "{{.Name}}"))
    .split("\n")
    .filter((volume) => volume !== "" && !volume.endsWith(stagingSuffix) && !volume.endsWith(repositorySuffix));
  const mounts = volumes.map((volume) => `${volume}:/volumes/${volume}:ro`);
  await inContainer("tar", [...mounts, `${target}:/target`], "-cf", "/target/volumes.tar", "-C", "/volumes", ".");
  await docker("start", ...containers);
}
