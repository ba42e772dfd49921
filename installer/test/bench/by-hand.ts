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
 * Brings a rendered platform up with `docker compose` alone, as somebody would who knows it well: volumes and containers first, then every
 * job as early as it can run, and independent parts side by side.
 */
export async function bringUpByHand(platform: RenderedPlatform): Promise<void> {
  const compose = composeIn(platform.folder);
  await Promise.all(platform.volumes.map(createVolume));
  await compose("create");
  const up = (...services: readonly string[]): Promise<unknown> =>
    compose("up", "-d", "--wait", "--no-deps", ...services);
  const run = (job: string): Promise<unknown> => compose("run", "--rm", "--no-deps", "-T", job);
  const databases = async (): Promise<void> => {
    await run("postgres-initialise");
    await up("postgres");
    await run("postgres-databases");
    await Promise.all([temporal(), casdoor()]);
  };
  const temporal = async (): Promise<void> => {
    await run("temporal-schema");
    await up("temporal");
    await run("temporal-namespace");
  };
  const casdoor = async (): Promise<void> => {
    if (!platform.services.includes("casdoor")) return;
    await up("casdoor");
    await run("casdoor-bootstrap");
  };
  const objects = async (): Promise<void> => {
    await up("minio");
    await run("minio-buckets");
    await up("registry");
  };
  await Promise.all([databases(), objects(), up("redis", "nats", "gitaly", "gitlab-shell", "landing-page")]);
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
