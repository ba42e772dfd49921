import { expect, test } from "vitest";
import { pullSecrets } from "./pull-secrets.ts";

const valuesWith = (registry: string, ...imagePullSecrets: readonly string[]) =>
  ({ images: { registry }, cluster: { imagePullSecrets } }) as unknown as Parameters<typeof pullSecrets>[0];

test.each([
  ["there is no private registry", valuesWith(""), []],
  ["there is one", valuesWith("harbor.corp/platform"), ["hub-image-registry"]],
  ["the values name one of the namespace", valuesWith("harbor.corp/platform", "regcred"), ["regcred"]],
  ["the values name one for the makers' registries", valuesWith("", "regcred"), ["regcred"]],
])("the Secrets that nodes pull with, where %s", (_where, values, names) => {
  expect(pullSecrets(values, "hub")).toEqual(names);
});
