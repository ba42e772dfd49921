import type { SecretSlot } from "../../plan/model.ts";
import { isSecretSlot } from "../../plan/text.ts";
import type { HelmSecret } from "./helm-rendering.ts";
import { objectName, type HelmScope } from "./helm-scope.ts";

/** The certificate of the gateway as a TLS Secret, for a Gateway of the cluster that stands before it. */
export function gatewaySecret(scope: HelmScope): readonly HelmSecret[] {
  if (scope.plan.settings.cluster.gatewayClass.name === "") return [];
  const gateway = scope.plan.components.find(({ role }) => role === "gateway");
  const files = gateway?.workload?.container.files ?? [];
  const slots = files.flatMap((file): readonly { readonly path: string; readonly slot: SecretSlot }[] => {
    const parts = file.contents.kind === "text" ? file.contents.text : [];
    const slot = parts.find(isSecretSlot);
    return slot === undefined ? [] : [{ path: file.path, slot }];
  });
  const certificate = slots.find(({ path }) => /\.(crt|pem)$/.test(path))?.slot;
  const key = slots.find(({ path }) => path.endsWith(".key"))?.slot;
  if (gateway === undefined || certificate === undefined || key === undefined) return [];
  return [
    {
      name: objectName(scope.plan, `tls-${gateway.id}`),
      unit: gateway.id,
      type: "kubernetes.io/tls",
      entries: [
        { key: "tls.crt", contents: [certificate] },
        { key: "tls.key", contents: [key] },
      ],
    },
  ];
}
