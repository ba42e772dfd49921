// A vitest reporter that counts: one JSON object with how many tests passed, which failed and why others were skipped.
import { writeFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import type { Reporter, SerializedError, TestModule } from "vitest/node";

export interface Counts {
  readonly passed: number;
  readonly failed: readonly string[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

/** The environment variable that names the file to write. */
export const countFileVariable = "SLIPWAY_TEST_COUNTS";

export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const path = process.env[countFileVariable];
    if (path !== undefined) writeFileSync(path, JSON.stringify(countTests(modules, unhandledErrors)));
  }
}

/** Counts single tests; a file or group that broke before its tests ran counts as one failure. */
export function countTests(
  modules: readonly TestModule[],
  unhandledErrors: readonly Pick<SerializedError, "message">[],
): Counts {
  let passed = 0;
  const failed: string[] = unhandledErrors.map((error) => `unhandled error: ${error.message}`);
  const skipped: { name: string; reason: string }[] = [];
  for (const module of modules) {
    const file = module.relativeModuleId;
    if (module.errors().length > 0) failed.push(file);
    for (const suite of module.children.allSuites()) {
      if (suite.errors().length > 0) failed.push(`${file} > ${suite.fullName}`);
    }
    for (const test of module.children.allTests()) {
      const result = test.result();
      const name = `${file} > ${test.fullName}`;
      if (result.state === "passed") passed += 1;
      else if (result.state === "failed") failed.push([name, ...result.errors.map(describe)].join("\n    "));
      else
        skipped.push({
          name,
          reason: result.state === "skipped" ? (result.note ?? "no reason given") : "it never ended",
        });
    }
  }
  return { passed, failed, skipped };
}

/** Of a long log only the end may be at hand: what was expected and what came is said there once more. */
function describe({ message, diff = "" }: { readonly message: string; readonly diff?: string | undefined }): string {
  const lines = stripVTControlCharacters(`${message}\n${diff}`)
    .split("\n")
    .filter((line, index) => index === 0 || /^\s*[-+]/.test(line));
  return lines.join("\n    ").slice(0, longestReason);
}

const longestReason = 2000;
