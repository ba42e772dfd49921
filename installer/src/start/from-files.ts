import { readFileSync } from "node:fs";
import { join } from "node:path";
import { answerVersion } from "./answer-version.ts";
import { runPacked } from "./run-packed.ts";

declare const packed: { readonly version: string; readonly digests: Readonly<Record<string, string>> };

// The start of dist/slipway.cjs: the rest of the program lies in files beside it.
if (!answerVersion(process.argv, packed.version)) {
  const folder = join(__dirname, "program");
  runPacked({
    digests: packed.digests,
    readScript: (file) => {
      const filename = join(folder, `${file}.cjs`);
      return { filename, text: readFileSync(filename, "utf8") };
    },
    readData: (path) => readFileSync(join(folder, "data", path), "utf8"),
    env: process.env,
    command: process.argv[2],
  });
}
