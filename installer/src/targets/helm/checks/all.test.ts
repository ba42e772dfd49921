import { describe, expect, it } from "vitest";
import { fakeContext } from "../../../../test/support/fake-check-context.ts";
import { ClusterRefusal, type MemoryCluster } from "../../../../test/support/memory-cluster.ts";
import { createMemoryFileSystem } from "../../../../test/support/memory-ports.ts";
import type { CheckFinding } from "../../check.ts";
import type { HelmPorts } from "../helm-ports.ts";
import { clusterChecks } from "./all.ts";
import { found, place, readyCluster } from "./testing/cluster-world.ts";
import { serverVersion } from "./server-version.ts";

async function preflight(memory: MemoryCluster): Promise<ReadonlyMap<string, readonly CheckFinding[]>> {
  const exec = { run: () => Promise.resolve({ exitCode: 0, stdout: "v4.1.1", stderr: "" }) };
  const ports: Partial<HelmPorts> = {
    place,
    cluster: memory.cluster,
    exec,
    environment: {},
    fs: createMemoryFileSystem(),
  };
  const { preflight: checks } = clusterChecks(ports as HelmPorts);
  const context = fakeContext();
  const results = await Promise.all(checks.map(async (check) => [check.id, await check.run(context)] as const));
  return new Map(results.filter(([, findings]) => findings.length > 0));
}

describe("a cluster", () => {
  it("that does not answer is told once, with its context, and nothing else is", async () => {
    const memory = readyCluster();
    memory.away = true;

    const findings = await preflight(memory);

    expect([...findings.keys()]).toEqual(["cluster.reachable"]);
    expect(findings.get("cluster.reachable")?.[0]?.message).toContain("context test");
  });

  it("whose certificate nobody looks at is used, with a warning", async () => {
    const memory = readyCluster();
    const cluster = memory.seenFrom({ unverified: true });

    const findings = await preflight({ ...memory, cluster });

    expect(findings.get("cluster.reachable")).toEqual([
      expect.objectContaining({
        severity: "warning",
        message: expect.stringContaining("insecure-skip-tls-verify") as string,
      }),
    ]);
  });

  it("of an old version fails, and of a new one warns", async () => {
    const memory = readyCluster();
    const of = (version: string) => ({
      ...memory,
      cluster: { ...memory.cluster, version: () => Promise.resolve({ version, platform: "linux/amd64" }) },
    });

    const [old] = await found(serverVersion, of("v1.31.2"));
    expect(old?.message).toBe("the cluster has Kubernetes v1.31.2");
    const [recent] = await found(serverVersion, of("v1.99.0"));
    expect(recent?.severity).toBe("warning");
  });

  it("whose classes may not be listed is used, with a warning", async () => {
    const memory = readyCluster();
    memory.refuse = (verb, { kind }) => {
      if (verb === "list" && kind === "StorageClass") throw new ClusterRefusal(403, "Forbidden", "you may not");
    };

    const findings = await preflight(memory);

    expect(findings.get("cluster.storage")).toEqual([
      expect.objectContaining({ severity: "warning", message: "this could not be checked: you may not" }),
    ]);
  });
});
