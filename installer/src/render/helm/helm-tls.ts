import type { SecretSlot } from "../../plan/model.ts";
import { isSecretSlot } from "../../plan/text.ts";
import type { HelmSecret } from "./helm-rendering.ts";
import { objectName, type HelmScope } from "./helm-scope.ts";

/** The certificate of the listeners as a TLS Secret, taken from the files of the component whose part the Gateway plays. */
export function gatewaySecret(scope: HelmScope): readonly HelmSecret[] {
  const files = scope.plan.components
    .filter(({ role }) => role === "gateway")
    .flatMap((component) => component.workload?.container.files ?? []);
  const slots = files.flatMap((file): readonly { readonly path: string; readonly slot: SecretSlot }[] => {
    const parts = file.contents.kind === "text" ? file.contents.text : [];
    const slot = parts.find(isSecretSlot);
    return slot === undefined ? [] : [{ path: file.path, slot }];
  });
  const certificate = slots.find(({ path }) => /\.(crt|pem)$/.test(path))?.slot;
  const key = slots.find(({ path }) => path.endsWith(".key"))?.slot;
  if (certificate === undefined || key === undefined) return [];
  return [
    {
      name: objectName(scope.plan, "gateway-tls"),
      type: "kubernetes.io/tls",
      entries: [
        { key: "tls.crt", contents: [certificate] },
        { key: "tls.key", contents: [key] },
      ],
    },
  ];
}
