import { expect, it } from "vitest";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import { unattendedEnvironment } from "./unattended.ts";

const fs = createMemoryFileSystem({ "/root/.kube/config": "", "/etc/slipway/kubeconfig": "" });

it("names the kubeconfig that this process goes by, and where its programs are", async () => {
  expect(await unattendedEnvironment({ fs, environment: { HOME: "/root", PATH: "/opt/bin" } })).toEqual({
    KUBECONFIG: "/root/.kube/config",
    HOME: "/root",
    PATH: "/opt/bin",
  });
  const KUBECONFIG = "/etc/slipway/kubeconfig";
  expect(await unattendedEnvironment({ fs, environment: { KUBECONFIG } })).toEqual({ KUBECONFIG, HOME: "/root" });
});

it("refuses one that a timer would not find", async () => {
  await expect(unattendedEnvironment({ fs, environment: { HOME: "/home/me" } })).rejects.toMatchObject({
    code: "PREFLIGHT_FAILED",
    message: expect.stringContaining("/home/me/.kube/config") as string,
    hint: expect.stringContaining("sudo KUBECONFIG=") as string,
  });
  await expect(unattendedEnvironment({ fs, environment: { KUBECONFIG: "kubeconfig" } })).rejects.toMatchObject({
    code: "USAGE",
  });
});
