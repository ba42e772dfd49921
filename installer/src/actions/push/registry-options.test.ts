import { expect, test } from "vitest";
import { createBundlePorts } from "../../../test/support/bundle-ports.ts";
import { TransportError } from "../../platform/transport-error.ts";
import { openRegistries } from "./registry-options.ts";

test.each([
  ["docker.io", "https://registry-1.docker.io"],
  ["eu.gcr.io", "https://eu.gcr.io"],
  ["registry.corp.example:5000", "http://registry.corp.example:5000"],
])("plain HTTP was asked for, and %s is spoken to as %s", async (host, origin) => {
  const asked: string[] = [];
  const http = () => ({
    request: ({ url }: { readonly url: URL }) => {
      asked.push(url.origin);
      return Promise.reject(new TransportError("tls", "nothing is sent in a test"));
    },
    close: () => undefined,
  });
  const access = await openRegistries({ plainHttp: true }, "", { ...createBundlePorts().ports, http });

  await expect(access.connect(host).headManifest("library/redis", "7")).rejects.toThrow();

  expect(asked).toEqual([origin]);
});
