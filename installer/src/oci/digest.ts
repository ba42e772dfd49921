import { createHash } from "node:crypto";
import { Transform } from "node:stream";

const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** Whether this is a SHA-256 digest in OCI notation; other algorithms are not used. */
export function isDigest(text: string): boolean {
  return digestPattern.test(text);
}

/** `sha256:…` of bytes. */
export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** The hexadecimal part. */
export function hexOf(digest: string): string {
  return digest.slice("sha256:".length);
}

/** As people tell digests apart: `sha256:` and twelve digits. */
export function shortDigest(digest: string): string {
  return digest.slice(0, "sha256:".length + 12);
}

/**
 * Passes bytes on and fails when they are not the content named, by length as early as that shows, by digest at the end.
 * @param toError makes the error out of what is wrong: "is 10 bytes longer than …", "has the digest sha256:…"
 */
export function verifyContent(
  expected: { readonly digest: string; readonly size: number },
  toError: (problem: string) => Error,
): Transform {
  const hash = createHash("sha256");
  let seen = 0;
  return new Transform({
    highWaterMark: 1024 * 1024,
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > expected.size) {
        done(toError(`is longer than the ${expected.size} bytes it should have`));
        return;
      }
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      const digest = `sha256:${hash.digest("hex")}`;
      if (seen !== expected.size) done(toError(`ends after ${seen} of ${expected.size} bytes`));
      else if (digest === expected.digest) done();
      else done(toError(`has the digest ${digest}`));
    },
  });
}
