import { beforeEach, describe, expect, it } from "vitest";
import { createMemoryCluster, type MemoryCluster } from "../../../../test/support/memory-cluster.ts";
import {
  createMemoryFileSystem,
  createStillClock,
  type MemoryFileSystem,
} from "../../../../test/support/memory-ports.ts";
import { PreflightError } from "../../../errors/installer-error.ts";
import type { Cluster } from "../../../platform/cluster-ports.ts";
import { openHelmPlace, type PlaceRequest } from "./open-place.ts";

let contexts: Readonly<Record<string, Cluster>>;
let production: MemoryCluster;
let fs: MemoryFileSystem;
beforeEach(() => {
  production = createMemoryCluster({ context: "production", server: "https://production:6443" });
  const other = createMemoryCluster({ context: "other", server: "https://other:6443" });
  other.take("Namespace", "kube-system");
  other.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-system" } });
  contexts = { production: production.cluster, prod: production.seenFrom({ context: "prod" }), other: other.cluster };
  fs = createMemoryFileSystem();
});

function open(asked: PlaceRequest["asked"]) {
  const ports = {
    fs,
    clock: createStillClock(),
    failpoint: () => undefined,
    report: () => undefined,
    signal: new AbortController().signal,
  };
  return openHelmPlace({ name: "hub", stateDir: "/state", asked }, ports, ({ context = "production" }) => {
    const found = contexts[context];
    if (found === undefined) throw new PreflightError(`there is no context ${context}`);
    return found;
  });
}

async function record(): Promise<void> {
  const uid = production.find("Namespace", "kube-system")?.metadata.uid;
  const place = { context: "production", namespace: "team", server: "https://production:6443", cluster: uid };
  await fs.writeAtomic("/state/copy.json", JSON.stringify({ apiVersion: "slipway/v1", place }));
}

describe("the place of an install", () => {
  it("is of a new one the current context and a namespace of its name, or what is asked for", async () => {
    const usual = await open({});
    const asked = await open({ context: "other", namespace: "team" });

    expect([usual.cluster.place().context, usual.namespace]).toEqual(["production", "hub"]);
    expect([asked.cluster.place().context, asked.namespace]).toEqual(["other", "team"]);
    expect(production.calls).toEqual([]);
  });

  it("is the recorded one afterwards, which may be named by another context of the same cluster", async () => {
    await record();
    const recorded = await open({});
    const same = await open({ context: "prod", namespace: "team" });

    expect([recorded.cluster.place().context, recorded.namespace]).toEqual(["production", "team"]);
    expect([same.cluster.place().context, same.namespace]).toEqual(["prod", "team"]);
  });

  it("is not moved by values", async () => {
    await record();
    const isThere = "this install is in the namespace team of the context production";

    await expect(open({ namespace: "hub" })).rejects.toMatchObject({
      code: "USAGE",
      message: `${isThere}, and the values name the namespace hub`,
    });
    await expect(open({ context: "other" })).rejects.toMatchObject({
      code: "USAGE",
      message: `${isThere}, and the values name the context other`,
    });
  });
});
