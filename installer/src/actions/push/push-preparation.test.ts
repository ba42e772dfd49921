import { expect, test } from "vitest";
import { createBundlePorts } from "../../../test/support/bundle-ports.ts";
import { parseTarget } from "../../oci/path-rules.ts";
import type { HttpRequest } from "../../platform/content-ports.ts";
import { TransportError } from "../../platform/transport-error.ts";
import { noHarborOptions } from "../../registry/harbor/harbor-options.ts";
import { readPushJournal } from "../../registry/push/push-journal.ts";
import { createTargetKnowledge } from "../../registry/push/target-knowledge.ts";
import { createWorkQueue } from "../../registry/push/work-queue.ts";
import { findPreparation } from "./push-preparation.ts";
import { openRegistries } from "./registry-options.ts";

test.each([
  ["docker.io/me", "https://registry-1.docker.io"],
  ["ghcr.io/me", "https://ghcr.io"],
  ["harbor.corp.example/team", "http://harbor.corp.example"],
])("plain HTTP was asked for, and whether %s is a Harbor is asked at %s", async (to, origin) => {
  const asked: HttpRequest[] = [];
  const http = {
    request: (request: HttpRequest) => {
      asked.push(request);
      return Promise.reject(new TransportError("tls", "nothing is sent in a test"));
    },
    close: () => undefined,
  };
  const ports = { ...createBundlePorts().ports, http: () => http };
  const registry = { plainHttp: true, idleTimeoutMs: 1234 };
  const registries = await openRegistries(registry, "", ports);
  const request = { registry, harbor: noHarborOptions, dryRun: false };

  const client = registries.connect("harbor.corp.example");
  const journal = await readPushJournal(ports.fs, "/none");
  const knowledge = createTargetKnowledge(client, createWorkQueue(1, ports.signal));
  const work = { request, target: parseTarget(to), registries, client, expected: [], knowledge, journal, http, ports };

  await expect(findPreparation(work)).rejects.toThrow();

  expect(asked.map(({ url, idleTimeoutMs }) => [url.origin, idleTimeoutMs])).toEqual([[origin, 1234]]);
});
