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

/** Makes the error out of what is wrong: "is longer than …", "has the digest sha256:…". */
type ToError = (problem: string) => Error | Promise<Error>;

/** Passes bytes on and fails when they are not the content named, by length as early as that shows, by digest at the end. */
export function verifyContent(
  expected: { readonly digest: string; readonly size: number },
  toError: ToError,
): Transform {
  const hash = createHash("sha256");
  return passOn(expected.size, toError, {
    see: (chunk) => hash.update(chunk),
    problem: () => {
      const digest = `sha256:${hash.digest("hex")}`;
      return digest === expected.digest ? undefined : `has the digest ${digest}`;
    },
  });
}

/** The same by length alone, for bytes that whoever receives them hashes. */
export function verifyLength(size: number, toError: ToError): Transform {
  return passOn(size, toError, { see: () => undefined, problem: () => undefined });
}

interface Check {
  readonly see: (chunk: Buffer) => void;
  /** What is wrong when all bytes were seen. */
  readonly problem: () => string | undefined;
}

function passOn(size: number, toError: ToError, check: Check): Transform {
  let seen = 0;
  const fail = (problem: string, done: (error: Error) => void): void => {
    void Promise.resolve(toError(problem)).then(done, done);
  };
  return new Transform({
    highWaterMark: 1024 * 1024,
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > size) {
        fail(`is longer than the ${size} bytes it should have`, done);
        return;
      }
      check.see(chunk);
      done(null, chunk);
    },
    flush(done) {
      const problem = seen === size ? check.problem() : `ends after ${seen} of ${size} bytes`;
      if (problem === undefined) done();
      else fail(problem, done);
    },
  });
}
