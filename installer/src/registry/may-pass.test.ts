import { describe, expect, it } from "vitest";
import { BundleError } from "../errors/installer-error.ts";
import { TransportError } from "../platform/transport-error.ts";
import { mayPass } from "./may-pass.ts";
import { Refusal } from "./refusal.ts";
import { explainFailure } from "./registry-errors.ts";

const errand = { host: "h", object: "blob x", repository: "team/app", action: "write", signedIn: true } as const;
const refused = (status: number, code = "UNKNOWN", message = "") =>
  explainFailure(new Refusal({ status, headers: {} }, JSON.stringify({ errors: [{ code, message }] })), errand);

describe("whether the same command may get further with nothing changed", () => {
  it.each([
    ["a registry that fails", refused(500)],
    ["a rate that is limited", refused(429)],
    ["an upload that the registry forgot", refused(404, "BLOB_UPLOAD_UNKNOWN")],
    ["a connection that breaks", explainFailure(new TransportError("reset", "reset"), errand)],
    ["a network that stalls", explainFailure(new TransportError("stalled", "stalled"), errand)],
  ])("it may after %s", (_what, error) => {
    expect(mayPass(error)).toBe(true);
  });

  it.each([
    ["a missing right", refused(403, "DENIED")],
    ["a project that is not there", refused(401, "UNAUTHORIZED")],
    ["an immutable tag", refused(412, "PRECONDITION", "configured as immutable")],
    ["a disk that is full", refused(500, "UNKNOWN", "no space left on device")],
    ["a quota that is used up", refused(403, "DENIED", "will exceed the configured upper limit of 1 MiB")],
    ["a registry that is read-only", refused(503, "UNSUPPORTED", "read-only mode")],
    ["a limit of a proxy", refused(413)],
    [
      "a certificate that is not trusted",
      explainFailure(new TransportError("tls", "x", { tls: "unknown-ca" }), errand),
    ],
    ["a damaged source", new BundleError("blob x has the digest y")],
    ["a fault of this program", new TypeError("x")],
  ])("it does not after %s", (_what, error) => {
    expect(mayPass(error)).toBe(false);
  });
});
