import { describe, expect, test } from "vitest";
import { createBundlePorts } from "../../../test/support/bundle-ports.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import { issueCertificate } from "../../../test/support/issue-certificate.ts";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
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

describe("a file of authorities", () => {
  const open = async (text: string) => {
    const { ports } = createBundlePorts();
    const fs = createMemoryFileSystem({ "/ca.pem": text });
    return openRegistries({ plainHttp: false, caFile: "/ca.pem" }, "", { ...ports, fs });
  };

  test("may hold several, text between them, a key, and lines that end in CR LF", async () => {
    const [one, two] = await Promise.all(
      ["One", "Two"].map((commonName) => issueCertificate({ commonName, authority: true })),
    );
    const text = `# ours\n${one?.pem ?? ""}${one?.key ?? ""}\nsubject=CN = Two\n${two?.pem ?? ""}`.replaceAll(
      "\n",
      "\r\n",
    );

    expect((await open(text)).settings.ca).toBe(text);
  });

  test("that TLS would pass over in silence is refused", async () => {
    const { pem, key } = await issueCertificate({ commonName: "One", authority: true });

    for (const [text, why] of [
      [key, /ca\.pem, given with --ca-file, cannot be used: it holds no certificate/],
      [pem.trimEnd() + pem, /no newline between them/],
      [pem + pem.slice(0, 100), /has no end/],
      [`${pem}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`, /2nd certificate is damaged/],
    ] as const)
      expect(await errorOf(() => open(text))).toMatchObject({
        code: "USAGE",
        message: expect.stringMatching(why) as string,
      });
  });
});
