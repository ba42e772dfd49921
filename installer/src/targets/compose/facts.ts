import type { Docker } from "../../platform/ports.ts";
import type { ComposeOptions } from "../../render/compose/compose-service.ts";
import type { TargetFacts } from "../target.ts";

/** First Engine API version with a faster health check while a container starts. */
const startIntervalSince = 44;

/** Version and platform of the engine. */
export async function composeFacts(docker: Pick<Docker, "version">): Promise<TargetFacts> {
  const { version, apiVersion, os, architecture } = await docker.version();
  return { version, apiVersion, platform: `${os}/${architecture}` };
}

/** What the renderer may use; of an engine that is not asked, everything. */
export function renderOptionsOf(facts: Pick<TargetFacts, "apiVersion"> | undefined): ComposeOptions {
  return { startInterval: facts === undefined || Number(facts.apiVersion.split(".")[1] ?? 0) >= startIntervalSince };
}
