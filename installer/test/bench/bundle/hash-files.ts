// Hashes the files that its parent names, as fast as one core can, and says when it is done: see `hashers.ts`.
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";

const buffer = Buffer.allocUnsafeSlow(128 * 1024);

function hashFile(path: string): void {
  const hash = createHash("sha256");
  const file = openSync(path, "r");
  for (let length = 1; length > 0; ) {
    length = readSync(file, buffer);
    hash.update(buffer.subarray(0, length));
  }
  closeSync(file);
  hash.digest();
}

process.on("message", (paths: readonly string[]) => {
  for (const path of paths) hashFile(path);
  process.send?.("done");
});
process.send?.("ready");
