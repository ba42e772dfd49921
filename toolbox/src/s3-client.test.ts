import { expect, test } from "vitest";
import { callUrl } from "./s3-client.ts";

test.each([
  [undefined, "/models/a b/ü.bin", "https://s3.corp:9443/models/a%20b/%C3%BC.bin"],
  [undefined, "/models", "https://s3.corp:9443/models"],
  [true, "/models/a b/ü.bin", "https://models.s3.corp:9443/a%20b/%C3%BC.bin"],
  [true, "/models", "https://models.s3.corp:9443/"],
  [true, "/models/", "https://models.s3.corp:9443/"],
  [true, "/", "https://s3.corp:9443/"],
])("the address of a call, virtual host %s, %s", (virtualHost, path, url) => {
  expect(callUrl({ endpoint: "https://s3.corp:9443", virtualHost }, { path })).toBe(url);
});
