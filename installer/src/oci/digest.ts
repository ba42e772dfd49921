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

interface Expected {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/** Passes bytes on and fails when they are not the content named, by length as early as that shows, by digest at the end. */
export function verifyContent(expected: Expected, toError: ToError): Transform {
  const hash = createHash("sha256");
  return passOn(expected.size, toError, {
    see: (chunk) => hash.update(chunk),
    problem: () => wrongDigest(expected, `sha256:${hash.digest("hex")}`),
  });
}

/** The same by length alone, for bytes that whoever receives them hashes. */
export function verifyLength(size: number, toError: ToError): Transform {
  return passOn(size, toError, { see: () => undefined, problem: () => undefined });
}

/** The same as `verifyContent` of content that is in memory: returns it. */
export function checkContent<Bytes extends Uint8Array>(
  expected: Expected,
  bytes: Bytes,
  toError: (problem: string) => Error,
): Bytes {
  const problem = wrongLength(expected.size, bytes.length) ?? wrongDigest(expected, digestOf(bytes));
  if (problem !== undefined) throw toError(problem);
  return bytes;
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
      const problem = seen > size ? wrongLength(size, seen) : undefined;
      if (problem !== undefined) {
        fail(problem, done);
        return;
      }
      check.see(chunk);
      done(null, chunk);
    },
    flush(done) {
      const problem = wrongLength(size, seen) ?? check.problem();
      if (problem === undefined) done();
      else fail(problem, done);
    },
  });
}

function wrongLength(size: number, seen: number): string | undefined {
  if (seen > size) return `is longer than the ${size} bytes it should have`;
  return seen === size ? undefined : `ends after ${seen} of ${size} bytes`;
}

function wrongDigest(expected: Expected, found: string): string | undefined {
  return found === expected.digest ? undefined : `has the digest ${found}`;
}
