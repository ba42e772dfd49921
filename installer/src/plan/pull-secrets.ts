import type { Values } from "../values/values.generated.ts";

/** The Secret of an install with which nodes pull from the private registry that its values name. */
export function ownPullSecret(install: string): string {
  return `${install}-image-registry`;
}

/** Names of the Secrets with which nodes pull: those that the values name, else the install's own where there is a private registry. */
export function pullSecrets(
  { cluster, images }: Pick<Values, "cluster" | "images">,
  install: string,
): readonly string[] {
  if (cluster.imagePullSecrets.length > 0 || images.registry === "") return cluster.imagePullSecrets;
  return [ownPullSecret(install)];
}
