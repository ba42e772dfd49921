import { join } from "node:path";
import type { PlatformRecords } from "../../../../toolbox/src/backup/records.ts";
import type { Install } from "../../execute/state/install.ts";
import type { Plan } from "../../plan/model.ts";
import type { FileSystem } from "../../platform/ports.ts";

/** What an install is made from, secrets included, as it goes into a backup. */
export async function readPlatformRecords(
  { name, layout }: Install,
  plan: Plan,
  fs: Pick<FileSystem, "readText" | "readTextIfPresent" | "list">,
): Promise<PlatformRecords> {
  const names = (await fs.list(layout.secrets)).toSorted();
  const secrets = await Promise.all(
    names.map(async (file) => [file, await fs.readText(join(layout.secrets, file))] as const),
  );
  return {
    apiVersion: "slipway/v1",
    kind: "PlatformRecords",
    name,
    profile: plan.install.profile,
    version: plan.install.version,
    values: (await fs.readTextIfPresent(layout.values)) ?? "",
    lock: (await fs.readTextIfPresent(layout.lock)) ?? "",
    secrets: Object.fromEntries(secrets),
  };
}
