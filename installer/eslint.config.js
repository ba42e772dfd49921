import tseslint from "typescript-eslint";

/** Forbids imports from the named layers and packages; the message says which layer the file is in. */
function layer(name, { forbidLayers = [], forbidPackages = [] }) {
  return {
    files: [`installer/src/${name}/**/*.ts`],
    ignores: ["**/*.test.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            ...forbidLayers.map((other) => ({
              group: [`**/${other}/**`],
              message: `${name} may not import ${other}`,
            })),
            ...forbidPackages.map(({ group, typesOnly = false }) => ({
              group,
              message: `${name} may not import this package`,
              allowTypeImports: typesOnly,
            })),
          ],
        },
      ],
    },
  };
}

const effectPackages = [{ group: ["execa", "dockerode", "node:fs", "node:fs/*", "node:child_process", "node:net"] }];
const uiPackages = [{ group: ["commander", "listr2", "@inquirer/*", "picocolors"] }];
const yamlPackages = [{ group: ["ajv", "ajv-formats", "yaml"] }];

export default tseslint.config(
  {
    ignores: [
      "**/node_modules/**",
      "**/dist/**",
      "**/coverage/**",
      "**/*.generated.ts",
      "installer/test/golden/**",
      "installer/eslint.config.js",
    ],
  },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { project: ["installer/tsconfig.json"], tsconfigRootDir: new URL("..", import.meta.url).pathname },
    },
    rules: {
      "no-console": "error",
      "no-useless-catch": "error",
      "max-lines": ["error", { max: 350 }],
      complexity: ["error", 15],
      "max-depth": ["error", 4],
      "max-params": ["error", 5],
      "@typescript-eslint/only-throw-error": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/no-unnecessary-condition": ["error", { allowConstantLoopConditions: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/consistent-type-definitions": "off",
      "no-restricted-globals": "off",
    },
  },
  {
    files: ["installer/src/**/*.ts"],
    ignores: ["installer/src/cli/**", "installer/src/platform/**", "**/*.test.ts"],
    rules: {
      "no-restricted-properties": [
        "error",
        { object: "process", property: "env", message: "take it as an argument" },
        { object: "process", property: "cwd", message: "take it as an argument" },
        { object: "process", property: "exit", message: "only cli/main.ts ends the program" },
        { object: "Date", property: "now", message: "take a clock" },
        { object: "Math", property: "random", message: "not reproducible, not secret" },
      ],
    },
  },
  layer("errors", {
    forbidLayers: [
      "events",
      "values",
      "plan",
      "render",
      "platform",
      "execute",
      "images",
      "oci",
      "registry",
      "bundle",
      "actions",
      "cli",
    ],
  }),
  layer("events", {
    forbidLayers: [
      "values",
      "plan",
      "render",
      "platform",
      "execute",
      "images",
      "oci",
      "registry",
      "bundle",
      "actions",
      "cli",
    ],
  }),
  layer("values", {
    forbidLayers: ["plan", "render", "platform", "execute", "images", "oci", "registry", "bundle", "actions", "cli"],
    forbidPackages: [...effectPackages, ...uiPackages],
  }),
  layer("plan", {
    forbidLayers: ["render", "platform", "execute", "images", "registry", "bundle", "actions", "cli"],
    forbidPackages: [...effectPackages, ...uiPackages, ...yamlPackages],
  }),
  layer("render", {
    forbidLayers: ["platform", "execute", "images", "oci", "registry", "bundle", "actions", "cli"],
    forbidPackages: [...effectPackages, ...uiPackages],
  }),
  layer("platform", {
    forbidLayers: ["values", "plan", "render", "execute", "registry", "bundle", "actions", "cli"],
    forbidPackages: uiPackages,
  }),
  layer("oci", {
    forbidLayers: ["values", "plan", "render", "platform", "execute", "images", "registry", "bundle", "actions", "cli"],
    forbidPackages: [...effectPackages, ...uiPackages, ...yamlPackages],
  }),
  layer("registry", {
    forbidLayers: ["values", "plan", "render", "execute", "images", "bundle", "actions", "cli"],
    forbidPackages: [...effectPackages, ...uiPackages, ...yamlPackages],
  }),
  layer("bundle", {
    forbidLayers: ["values", "plan", "render", "execute", "images", "actions", "cli"],
    forbidPackages: [...effectPackages, ...uiPackages],
  }),
  layer("execute", { forbidLayers: ["actions", "cli"], forbidPackages: [...effectPackages, ...uiPackages] }),
  layer("images", { forbidLayers: ["execute", "actions", "cli"], forbidPackages: uiPackages }),
  layer("actions", { forbidLayers: ["cli"], forbidPackages: [...effectPackages, ...uiPackages] }),
  {
    files: ["**/*.test.ts", "installer/test/**/*.ts", "scripts/**/*.ts"],
    rules: {
      "no-console": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
      "max-lines": "off",
    },
  },
  { files: ["toolbox/**/*.ts"], rules: { "no-console": "off" } },
);
