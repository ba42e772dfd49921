import { describe, expect, it } from "vitest";
import { isRedirectAllowed } from "./redirects.ts";
import { completeRecord } from "./records.ts";

describe("redirect addresses", () => {
  const application = completeRecord("application", { redirectUris: ["https://hub.test/callback"] });
  it.each([
    ["https://hub.test/callback", true],
    ["https://hub.test/callback?x=1", true],
    ["https://a.hub.test/callback", true],
    ["http://localhost:1/anything", true],
    ["http://127.0.0.1:1/anything", true],
    ["http://hub.test/callback", false],
    ["https://hub.test:8443/callback", false],
    ["https://hub.test/other", false],
    ["https://evilhub.test/callback", false],
    ["not a url", false],
  ])("%s: %s", (address, allowed) => {
    expect(isRedirectAllowed(application, address)).toBe(allowed);
  });
});
