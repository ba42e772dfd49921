import { expect, it } from "vitest";
import { oidIn, signLargeFile } from "./large-files.ts";
import { serverSettings } from "./server-settings.ts";
import { readSettings } from "./settings.ts";
import { hubEnvironment } from "./testing/given.ts";

const oid = "0123456789abcdef".repeat(4);
const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize 5\n`;

it("tells what stands for a large file from a file", () => {
  expect(oidIn(Buffer.from(pointer))).toBe(oid);
  expect(oidIn(Buffer.from("a file"))).toBeUndefined();
  expect(oidIn(Buffer.from(pointer + "x".repeat(2000)))).toBeUndefined();
});

it("signs addresses at the store that people reach, under a hash of the repository's number", async () => {
  const environment = {
    ...hubEnvironment,
    STARHUB_SERVER_S3_ENDPOINT: "s3.hub.test:8443",
    STARHUB_SERVER_S3_ENABLE_SSL: "true",
    STARHUB_SERVER_S3_BUCKET: "files",
    STARHUB_SERVER_S3_REGION: "r1",
  };
  const url = new URL(await signLargeFile(readSettings(serverSettings, environment), { id: 7 }, oid, "PUT"));

  expect(url.origin).toBe("https://s3.hub.test:8443");
  // SHA-256 of the text 7.
  const place = "7902699be42c8a8e46fbbb4501726517e86b22c56a189f7625a6da49081b2451";
  expect(url.pathname).toBe(`/files/repos/79/02/${place}/${oid}`);
  expect(url.searchParams.get("X-Amz-Signature")).toMatch(/^[0-9a-f]{64}$/);
});
