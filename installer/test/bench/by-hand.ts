import { chown } from "node:fs/promises";
import { join } from "node:path";
import { mustRun, runChild } from "../support/child.ts";

/** A rendered Compose file with its files beside it, and the volumes it expects. */
export interface RenderedPlatform {
  readonly folder: string;
  readonly services: readonly string[];
  readonly volumes: readonly { readonly name: string; readonly uid: number }[];
}

/**
 * Brings a rendered platform up with `docker compose` alone and as fast as we found: few calls, because each costs a second, and jobs side
 * by side, those that wait by themselves as soon as what they need was started. The gateway comes last, when Casdoor's default account is
 * closed.
 */
export async function bringUpByHand(platform: RenderedPlatform): Promise<void> {
  const compose = composeIn(platform.folder);
  const run = (job: string): Promise<unknown> => compose("run", "--rm", "--no-deps", "-T", job);
  const hasCasdoor = platform.services.includes("casdoor");
  await Promise.all(platform.volumes.map(createVolume));
  const has = (name: string): boolean => platform.services.includes(name);
  const hubJobs = async (): Promise<void> => {
    await run("csghub-migration");
    await run("csghub-seed");
  };
  await run("postgres-initialise");
  await compose("up", "-d", "postgres", "minio", ...(has("csghub-server") ? ["redis"] : []));
  const afterDatabases = [
    () => run("temporal-schema"),
    ...(has("csghub-server") ? [hubJobs, () => run("csghub-portal-migration")] : []),
  ];
  await Promise.all([
    run("postgres-databases").then(() => Promise.all(afterDatabases.map((start) => start()))),
    run("minio-buckets"),
  ]);
  const behind = platform.services.filter((service) => service !== "gateway" && !service.startsWith("csghub-"));
  if (!hasCasdoor) {
    await compose("up", "-d");
    await run("temporal-namespace");
  } else {
    await compose("up", "-d", ...behind);
    await Promise.all([run("temporal-namespace"), run("casdoor-bootstrap")]);
  }
  await compose("up", "-d", "--wait");
}

/** Removes what `bringUpByHand` made. */
export async function takeDownByHand(platform: RenderedPlatform): Promise<void> {
  await composeIn(platform.folder)("--profile", "jobs", "down", "--timeout", "2");
  await runChild("docker", ["volume", "rm", "--force", ...platform.volumes.map((volume) => volume.name)]);
}

/** `docker compose` in a folder with a `compose.yaml`. */
export function composeIn(folder: string): (...args: readonly string[]) => Promise<string> {
  return (...args) => mustRun("docker", ["compose", "--file", join(folder, "compose.yaml"), ...args]);
}

async function createVolume(volume: { readonly name: string; readonly uid: number }): Promise<void> {
  await mustRun("docker", ["volume", "create", volume.name]);
  const place = (await mustRun("docker", ["volume", "inspect", "--format", "{{.Mountpoint}}", volume.name])).trim();
  await chown(place, volume.uid, volume.uid);
}
