import type { Docker } from "../../../platform/ports.ts";
import type { Check } from "../../check.ts";
import type { TargetChecks } from "../../target.ts";
import type { ComposeCheck, EngineProbe } from "./compose-check.ts";
import { containerLogs } from "./container-logs.ts";
import { imagesKept, imageTags, memoryKills, restarts } from "./containers.ts";
import { backupsApart, pressure, readOnlyDisk } from "./disks.ts";
import { engineChecks } from "./engine.ts";
import { surroundingChecks } from "./engine-surroundings.ts";
import { imagesAvailable } from "./images.ts";
import { kernelChecks } from "./kernel.ts";
import { addressPools, bridges, sameEngine } from "./networks.ts";
import { outsideServices } from "./outside.ts";
import { placeChecks } from "./places.ts";
import { bindable } from "./ports.ts";
import { resourceChecks } from "./resources.ts";

/** What a Docker host must have before an install. */
export const composePreflight: readonly ComposeCheck[] = [
  ...engineChecks,
  ...surroundingChecks,
  ...resourceChecks,
  bindable,
  addressPools,
  bridges,
  ...placeChecks,
  imagesAvailable,
  ...kernelChecks,
  outsideServices,
];

/** What is looked at on a Docker host while a platform runs there. */
export const composeLive: readonly ComposeCheck[] = [
  containerLogs,
  sameEngine,
  restarts,
  memoryKills,
  imagesKept,
  imageTags,
  readOnlyDisk,
  backupsApart,
  pressure,
];

/** The checks of this target; the engine is asked once for all of them, when the first one runs. */
export function composeChecks(docker: Docker): TargetChecks {
  let probe: Promise<EngineProbe> | undefined;
  const withEngine = (check: ComposeCheck): Check => ({
    ...check,
    run: async (context) => check.run({ ...context, docker, engine: await (probe ??= probeEngine(docker)) }),
  });
  return {
    preflight: composePreflight.map(withEngine),
    live: composeLive.map(withEngine),
    inChinese: async () => (await import("./in-chinese.ts")).checksInChinese,
  };
}

async function probeEngine(docker: Docker): Promise<EngineProbe> {
  try {
    return { reachable: true, info: await docker.info() };
  } catch (error) {
    return { reachable: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
