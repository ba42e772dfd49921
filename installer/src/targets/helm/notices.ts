import { hashOf } from "../../execute/digest.ts";
import type { HelmPorts } from "./helm-ports.ts";
import { kinds } from "./kinds.ts";
import { idLabel, ofInstall, ownLabels } from "./labels.ts";

/** Puts texts into the ConfigMap that a component's pods have mounted as a whole; none at all removes it. */
export async function putNotices(
  { cluster, place }: Pick<HelmPorts, "cluster" | "place">,
  install: string,
  component: string,
  texts: ReadonlyMap<string, string>,
): Promise<void> {
  const name = `${install}-notices-${component}`;
  if (texts.size === 0) await cluster.remove({ ...kinds.configMap, ...place, name });
  else {
    await cluster.apply(
      {
        ...kinds.configMap,
        metadata: {
          name,
          ...place,
          labels: ownLabels(install, component),
        },
        data: Object.fromEntries(texts),
      },
      { manager: "slipway", force: true },
    );
  }
  // The kubelet looks at what a pod has mounted when the pod itself changes; else up to a minute later.
  const labels = `${ofInstall(install)},${idLabel}=${component}`;
  for (const { metadata } of await cluster.listMetadata(kinds.pod, { ...place, labels })) {
    await cluster.merge(
      { ...kinds.pod, ...place, name: metadata.name },
      { metadata: { annotations: { "slipway.dev/notices": hashOf([...texts]).slice(0, 16) } } },
    );
  }
}
