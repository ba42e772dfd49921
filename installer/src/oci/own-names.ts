import { parseReference } from "./reference.ts";

/** The organisation of the images that are built here: `slipway/postgres`. No public registry has it, and whoever took the name there is not us. */
export const ownOrganisation = "slipway";

/** Why a public registry is not asked for an image under a name of our own. */
export const ownNameReason =
  "it has a name of Slipway's own, which no public registry is asked for: it comes from a build, a bundle, the engine or a registry of yours";

/** Whether the reference is one of our own names as they are without a registry: `slipway/postgres:1`, `docker.io/slipway/postgres:1`. */
export function isOwnName(reference: string): boolean {
  const { host, repository } = parseReference(reference);
  return host === "docker.io" && repository.startsWith(`${ownOrganisation}/`);
}
