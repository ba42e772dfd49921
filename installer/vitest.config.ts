import { defineConfig } from "vitest/config";
import { BaseSequencer } from "vitest/node";

const root = new URL("..", import.meta.url).pathname;

/** Files run in the order of their names: the last one of the end-to-end tests looks for what the others left behind. */
class ByName extends BaseSequencer {
  override sort(...[files]: Parameters<BaseSequencer["sort"]>): ReturnType<BaseSequencer["sort"]> {
    return Promise.resolve(files.toSorted((a, b) => (a.moduleId < b.moduleId ? -1 : 1)));
  }
}

export default defineConfig({
  root,
  test: {
    sequence: { sequencer: ByName },
    passWithNoTests: false,
    coverage: {
      provider: "v8",
      include: ["installer/src/{values,plan,render}/**/*.ts"],
      exclude: ["**/*.generated.ts", "**/*.test.ts", "**/testing/**"],
      thresholds: { lines: 90, branches: 90 },
    },
    projects: [
      {
        test: {
          name: "unit",
          root,
          include: [
            "installer/src/**/*.test.ts",
            "toolbox/src/**/*.test.ts",
            "installer/test/golden/**/*.test.ts",
            "installer/test/stand-ins/**/*.test.ts",
            "scripts/**/*.test.ts",
          ],
          exclude: ["**/*.integration.test.ts"],
          // Modules are loaded anew for each file all the same; only the process stays, which halves the time.
          isolate: false,
          // Property tests take seconds, and a busy machine makes that many.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: "integration",
          root,
          include: [
            "installer/src/**/*.integration.test.ts",
            "installer/test/contract/**/*.test.ts",
            "installer/test/integration/**/*.test.ts",
          ],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: "e2e",
          root,
          include: ["installer/test/e2e/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
