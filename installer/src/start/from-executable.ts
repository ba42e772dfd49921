import { getAsset } from "node:sea";
import { answerVersion } from "./answer-version.ts";
import { runPacked } from "./run-packed.ts";

declare const packed: { readonly version: string; readonly digests: Readonly<Record<string, string>> };

// The start of the single executable: the rest of the program lies in it.
if (!answerVersion(process.argv, packed.version)) {
  runPacked({
    digests: packed.digests,
    readScript: (file) => ({
      filename: `${process.execPath}/${file}.cjs`,
      text: getAsset(`program/${file}.cjs`, "utf8"),
    }),
    readData: (path) => getAsset(`program/data/${path}`, "utf8"),
    env: process.env,
    command: process.argv[2],
  });
}
