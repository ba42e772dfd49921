import { defineConfig } from "vitest/config";
import { BaseSequencer } from "vitest/node";

const root = new URL("..", import.meta.url).pathname;

/** Files run in the order of their names: the last one of the end-to-end tests looks for what the others left behind. */
class ByName extends BaseSequencer {
  override sort(...[files]: Parameters<BaseSequencer["sort"]>): ReturnType<BaseSequencer["sort"]> {
    return Promise.resolve(files.toSorted((a, b) => (a.moduleId < b.moduleId ? -1 : 1)));
  }
}

/**
 * What unit tests cover at least, lines and branches, a little under what they do. They alone count: what speaks to the engine is run by
 * the integration and end-to-end tests, in programs of their own that nobody measures.
 */
const leastCovered: Readonly<Record<string, readonly [lines: number, branches: number]>> = {
  "installer/src/errors": [90, 80],
  "installer/src/language": [94, 89],
  "installer/src/values": [98, 94],
  "installer/src/plan": [97, 92],
  "installer/src/render": [97, 90],
  "installer/src/platform": [87, 73],
  "installer/src/images": [93, 85],
  "installer/src/oci": [97, 94],
  "installer/src/registry": [94, 83],
  "installer/src/bundle": [94, 82],
  "installer/src/execute": [70, 62],
  "installer/src/actions": [56, 51],
  "installer/src/cli": [79, 70],
  "toolbox/src": [44, 33],
};

export default defineConfig({
  root,
  test: {
    sequence: { sequencer: ByName },
    passWithNoTests: false,
    coverage: {
      provider: "v8",
      include: ["installer/src/**/*.ts", "toolbox/src/**/*.ts"],
      exclude: [
        "**/*.generated.ts",
        "**/*.d.ts",
        "**/*.test.ts",
        "**/testing/**",
        // How the packed program begins and what puts adapters together: tests run both as programs of their own.
        "installer/src/start/**",
        "installer/src/engine/**",
      ],
      thresholds: Object.fromEntries(
        Object.entries(leastCovered).map(([layer, [lines, branches]]) => [`${layer}/**/*.ts`, { lines, branches }]),
      ),
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
            "installer/test/conformance/**/*.test.ts",
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
            "installer/test/conformance/**/*.integration.test.ts",
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
