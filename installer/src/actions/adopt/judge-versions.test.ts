import { describe, expect, it } from "vitest";
import type { FoundInstallation } from "./found.ts";
import { judgeVersions, strangeImages } from "./judge-versions.ts";

const ours = new Map([
  ["csghub-server", "2.4.0-ce"],
  ["postgres", "17"],
  ["temporal", "1.30.8"],
  ["casdoor", "3.62.0"],
  ["gitaly", "16.11"],
  ["redis", "8.1"],
  ["registry", "3.1.2"],
  ["minio", "RELEASE.2026-02-12T20-18-48Z"],
]);

function withImages(...images: readonly string[]): FoundInstallation {
  return {
    ...{ source: "compose", files: [], version: "2.4.0", outside: [], secrets: [], certificates: [], notes: [] },
    address: { domain: "hub.corp.example", tls: false, ports: {} },
    workloads: images.map((image) => ({ image, name: "x", variables: {}, mounts: [], where: "x" })),
  };
}

describe("judgeVersions", () => {
  it.each<[string, string, readonly string[], RegExp]>([
    ["r.corp:5000/csghub_server_ee:v1.9.2-ee", "steps", ["2.4.0-ce"], /one after another/],
    ["opencsghq/csghub-server:v2.4.0-ee", "same", [], /same release/],
    ["opencsghq/csghub-server:v2.4.0@sha256:abc", "same", [], /same release/],
    ["opencsghq/csghub-server:v2.5.0-ce", "refused", [], /newer than/],
    ["postgres:13", "moves", [], /dump of each database is read in by version 17/],
    ["postgres:17", "same", [], /same version/],
    ["temporalio/auto-setup:1.25.1", "steps", ["1.26", "1.27", "1.28", "1.29"], /each minor version runs once/],
    ["temporalio/auto-setup:1.29.7", "moves", [], /next minor version/],
    ["temporalio/auto-setup:1.30.1", "moves", [], /next minor version/],
    ["temporalio/auto-setup:1.31.0", "refused", [], /newer than/],
    ["temporalio/auto-setup:2.0.0", "refused", [], /major version/],
    ["casbin/casdoor:v1.799.0", "refused", [], /no way from 1\.x to 3\.x/],
    ["casbin/casdoor:3.50.0", "moves", [], /brought up/],
    ["casbin/casdoor:3.70.0", "refused", [], /newer than/],
    ["casbin/casdoor:4.0.0", "refused", [], /newer than/],
    ["gitaly:v17.5.0", "moves", [], /older version/],
    ["gitaly:v16.0.0", "moves", [], /while nothing writes/],
    ["redis:7.4.9", "moves", [], /begins empty/],
    ["registry:2", "moves", [], /keeps nothing/],
    ["minio/minio:latest", "unknown", [], /says no version/],
    ["nats:2.10.16", "absent", [], /stays behind/],
  ])("%s: %s", (image, verdict, steps, advice) => {
    expect(judgeVersions(withImages(image), ours)).toMatchObject([
      { image, verdict, steps, advice: expect.stringMatching(advice) as string },
    ]);
  });

  it("names images that no component here stands for, each once", () => {
    expect(strangeImages(withImages("coredns:1", "fluentd:v1", "redis:7", "coredns:1"))).toEqual([
      "coredns:1",
      "fluentd:v1",
    ]);
  });
});
