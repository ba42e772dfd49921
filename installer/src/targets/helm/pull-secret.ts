import type { Plan } from "../../plan/model.ts";
import { ownPullSecret } from "../../plan/pull-secrets.ts";
import type { Cluster } from "../../platform/cluster-ports.ts";
import type { RegistryLogin } from "../target.ts";
import type { HelmPlace } from "./helm-ports.ts";
import { kinds } from "./kinds.ts";
import { ownLabels } from "./labels.ts";
import { ensureNamespace } from "./namespace.ts";

/**
 * Gives the nodes their login at the private registry. The Secret keeps its name when the login changes: nodes read it at each pull, and no
 * pod has to be made anew. Where the values name Secrets of their own, those are used and nothing is made.
 */
export async function logNodesIn(
  cluster: Cluster,
  place: HelmPlace,
  plan: Plan,
  { host, username, password }: RegistryLogin,
): Promise<void> {
  if (!usesOwn(plan)) return;
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  await ensureNamespace(cluster, place, plan);
  await put(cluster, place, plan, { auths: { [host]: { username, password, auth } } });
}

/** Pods name the Secret wherever there is a private registry; of one that asks for no login it is empty, so that no node misses it. */
export async function ensurePullSecret(cluster: Cluster, place: HelmPlace, plan: Plan): Promise<void> {
  if (!usesOwn(plan)) return;
  const name = ownPullSecret(plan.install.name);
  if ((await cluster.get({ ...kinds.secret, ...place, name })) === undefined)
    await put(cluster, place, plan, { auths: {} });
}

/** Removes the login where pods use it no longer. */
export async function prunePullSecret(cluster: Cluster, place: HelmPlace, plan: Plan): Promise<void> {
  if (usesOwn(plan)) return;
  await cluster.remove({ ...kinds.secret, ...place, name: ownPullSecret(plan.install.name) });
}

function usesOwn({ settings, install }: Plan): boolean {
  return settings.cluster.imagePullSecrets.includes(ownPullSecret(install.name));
}

async function put(cluster: Cluster, { namespace }: HelmPlace, plan: Plan, logins: object): Promise<void> {
  const { name } = plan.install;
  await cluster.apply(
    {
      ...kinds.secret,
      metadata: { name: ownPullSecret(name), namespace, labels: ownLabels(name) },
      type: "kubernetes.io/dockerconfigjson",
      data: { ".dockerconfigjson": Buffer.from(JSON.stringify(logins)).toString("base64") },
    },
    { manager: "slipway", force: true },
  );
}
