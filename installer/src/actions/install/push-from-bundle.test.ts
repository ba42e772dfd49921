import { expect, test } from "vitest";
import { createBundlePorts } from "../../../test/support/bundle-ports.ts";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import type { Desired } from "../desired/desired.ts";
import type { BundleImages, ProvidePorts } from "./provide-from-bundle.ts";
import { findNodeLogin, requireRegistry } from "./push-from-bundle.ts";

const desiredWith = (registry: string): Desired => ({ values: { images: { registry } } }) as unknown as Desired;
const source = { registry: { plainHttp: false } } as unknown as BundleImages;

test("nodes that pull by themselves need a registry, and the error names the option", () => {
  expect(() => requireRegistry(desiredWith(""))).toThrow(
    expect.objectContaining({ code: "USAGE", hint: expect.stringContaining("--registry HOST/PROJECT") as string }),
  );
  expect(requireRegistry(desiredWith("harbor.corp/ai"))).toMatchObject({ host: "harbor.corp" });
});

test.each([
  ["a password", { auth: Buffer.from("me:secret").toString("base64") }, { username: "me", password: "secret" }],
  ["nothing", undefined, undefined],
])("the login for nodes, where docker login left %s", async (_what, entry, login) => {
  const found = await findNodeLogin(desiredWith("harbor.corp/ai"), source, portsWith(entry));

  expect(found).toEqual(login && { host: "harbor.corp", ...login });
});

test("a token of this machine's is no login for nodes", async () => {
  const ports = portsWith({ identitytoken: "a token" });

  await expect(findNodeLogin(desiredWith("harbor.corp/ai"), source, ports)).rejects.toMatchObject({
    code: "USAGE",
    hint: expect.stringContaining("cluster.imagePullSecrets") as string,
  });
});

function portsWith(entry: object | undefined): ProvidePorts {
  const auths = entry === undefined ? {} : { "harbor.corp": entry };
  const fs = createMemoryFileSystem({ "/config/config.json": JSON.stringify({ auths }) });
  return { ...createBundlePorts({ DOCKER_CONFIG: "/config" }).ports, fs } as unknown as ProvidePorts;
}
