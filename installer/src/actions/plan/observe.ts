import type { Install } from "../../execute/state/install.ts";
import { imagesOf, servicesOf } from "../../render/rendering.ts";
import type { LivePlatform } from "../../targets/live-platform.ts";
import type { ActionPorts } from "../context.ts";
import type { Desired } from "../desired/desired.ts";
import type { SecretTrouble } from "../secrets/secret-troubles.ts";

export type ObservePorts = Pick<ActionPorts, "fs" | "clock" | "target">;

/** A platform as it was found, with the secrets that are not as it runs with them. */
export interface ObservedPlatform extends LivePlatform {
  readonly secrets: readonly SecretTrouble[];
}

/** Looks at the target and at the secrets with what is desired in mind. */
export async function observeFor(
  { plan, rendering, given }: Desired,
  install: Install,
  ports: ObservePorts,
): Promise<ObservedPlatform> {
  const components = servicesOf(rendering).map(({ id }) => id);
  const live = await ports.target.observe(install, { components, images: imagesOf(rendering) });
  // A plan by the records alone has no use for it.
  const { findSecretTroubles } = await import("../secrets/secret-troubles.ts");
  const secrets = await findSecretTroubles(install, { plan, rendering: () => rendering, given }, live, ports);
  return { ...live, secrets };
}
