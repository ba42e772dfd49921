import { InstallerError, PreflightError } from "../../../errors/installer-error.ts";
import type { KubeObject } from "../../../platform/cluster-ports.ts";
import { isRefused } from "../../../platform/cluster-refusal.ts";
import type { CheckContext } from "../../check.ts";
import type { HelmPorts } from "../helm-ports.ts";
import { kinds } from "../kinds.ts";
import { renderRelease } from "../rendered-release.ts";
import { rules } from "../rules.ts";
import type { HelmCheckContext } from "./cluster-check.ts";

/** What all checks of a cluster need, asked once; or why it does not answer. */
export type ClusterLook =
  | ({ readonly answers: true } & Pick<
      HelmCheckContext,
      "cluster" | "place" | "namespace" | "release" | "releaseFault"
    >)
  | { readonly answers: false; readonly message: string; readonly remedy: string };

export async function lookAtCluster({ plan }: Pick<CheckContext, "plan">, ports: HelmPorts): Promise<ClusterLook> {
  const { cluster, place } = ports;
  try {
    await cluster.version();
    const namespace = await readNamespace(ports);
    return { answers: true, cluster, place, namespace, ...(await makeRelease(plan, ports)) };
  } catch (error) {
    if (!(error instanceof PreflightError)) throw error;
    return { answers: false, message: error.message, remedy: error.hint ?? "check the kubeconfig" };
  }
}

/** Whoever may not read it is taken to have been given one. */
async function readNamespace({ cluster, place }: HelmPorts): Promise<KubeObject | undefined> {
  try {
    return await cluster.get({ ...kinds.namespace, name: place.namespace });
  } catch (error) {
    if (!isRefused(error, 403)) throw error;
    return { ...kinds.namespace, metadata: { name: place.namespace } };
  }
}

async function makeRelease(
  plan: CheckContext["plan"],
  ports: HelmPorts,
): Promise<Pick<HelmCheckContext, "release" | "releaseFault">> {
  try {
    return { release: await renderRelease((await rules.render(plan)).files, plan.install.name, ports) };
  } catch (error) {
    if (!(error instanceof InstallerError)) throw error;
    // That there is no helm is a finding of its own.
    return { release: [], ...(error instanceof PreflightError ? {} : { releaseFault: error.message }) };
  }
}
