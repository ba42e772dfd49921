import { defineConfig } from "vitest/config";

const root = new URL("..", import.meta.url).pathname;

export default defineConfig({
  root,
  test: {
    passWithNoTests: false,
    coverage: {
      provider: "v8",
      include: ["installer/src/{values,plan,render}/**/*.ts"],
      exclude: ["**/*.generated.ts", "**/*.test.ts"],
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
            "installer/test/support/**/*.test.ts",
            "scripts/testing/**/*.test.ts",
          ],
          exclude: ["**/*.integration.test.ts"],
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
