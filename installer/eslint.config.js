import tseslint from "typescript-eslint";

/** From the ground up. */
const layers = [
  ...["language", "errors", "events", "values", "plan", "render", "platform", "images", "oci", "registry", "bundle"],
  ...["execute", "targets", "actions", "engine", "cli"],
];

/** What is made for one target. */
const targetFolders = [
  "**/targets/compose/**",
  "**/targets/helm/**",
  "**/render/compose/**",
  "**/render/helm/**",
  "**/platform/docker/**",
  "**/platform/kubernetes/**",
];

/** Tests, and what several of them share. */
const tests = ["**/*.test.ts", "installer/src/**/testing/**/*.ts"];

/** Every layer that stands under the named one. */
function below(name) {
  return layers.slice(0, layers.indexOf(name));
}

/** Forbids imports from all layers but the named ones and the ground, and of packages; the message says which layer the file is in. */
function layer(name, { mayImport, forbidFolders = [], forbidPackages = [] }) {
  const forbidLayers = layers.filter((other) => ![name, "language", ...mayImport].includes(other));
  return {
    files: [`installer/src/${name}/**/*.ts`],
    ignores: tests,
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            ...forbidLayers.map((other) => ({
              group: [`**/${other}/**`],
              message: `${name} may not import ${other}`,
            })),
            ...forbidFolders.map((folder) => ({ group: [folder], message: `${name} may not import ${folder}` })),
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
      "installer/test/golden/*/**",
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
      // Every ?? and ?. counts here as a branch, which it is not for a reader: of ten decisions, some fifteen are counted.
      complexity: ["error", 15],
      "max-depth": ["error", 3],
      "max-params": ["error", 4],
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
    ignores: ["installer/src/cli/**", "installer/src/platform/**", "installer/src/start/**", ...tests],
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
  layer("language", { mayImport: [], forbidPackages: [...effectPackages, ...uiPackages, ...yamlPackages] }),
  layer("errors", { mayImport: [] }),
  layer("events", { mayImport: ["errors"] }),
  layer("values", { mayImport: ["errors", "events"], forbidPackages: [...effectPackages, ...uiPackages] }),
  layer("plan", {
    mayImport: ["errors", "events", "values", "oci"],
    forbidPackages: [...effectPackages, ...uiPackages, ...yamlPackages],
  }),
  layer("render", {
    mayImport: ["errors", "events", "values", "plan"],
    forbidPackages: [...effectPackages, ...uiPackages],
  }),
  layer("platform", { mayImport: ["errors", "events", "images", "oci"], forbidPackages: uiPackages }),
  layer("oci", {
    mayImport: ["errors", "events"],
    forbidPackages: [...effectPackages, ...uiPackages, ...yamlPackages],
  }),
  layer("registry", {
    mayImport: ["errors", "events", "platform", "oci"],
    forbidPackages: [...effectPackages, ...uiPackages, ...yamlPackages],
  }),
  layer("bundle", {
    mayImport: ["errors", "events", "platform", "oci", "registry"],
    forbidPackages: [...effectPackages, ...uiPackages],
  }),
  layer("images", { mayImport: ["errors", "events", "platform", "oci"], forbidPackages: uiPackages }),
  layer("execute", { mayImport: below("targets"), forbidPackages: [...effectPackages, ...uiPackages] }),
  layer("targets", { mayImport: below("actions"), forbidPackages: [...effectPackages, ...uiPackages] }),
  // Commands work with the port; which target an install has is the composition root's to know.
  layer("actions", {
    mayImport: below("engine"),
    forbidFolders: targetFolders,
    forbidPackages: [...effectPackages, ...uiPackages],
  }),
  // What runs before anything is loaded and loads the rest by name.
  layer("start", { mayImport: ["platform"], forbidPackages: uiPackages }),
  layer("engine", { mayImport: below("cli"), forbidPackages: [...effectPackages, ...uiPackages] }),
  {
    files: [...tests, "installer/test/**/*.ts", "scripts/**/*.ts"],
    rules: {
      "no-console": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
      // The columns of a table of cases are parameters.
      "max-params": ["error", 5],
      "max-lines": "off",
    },
  },
  // Two wire protocols take their parts one by one; the toolbox's sources also name its image, so a change there is a new image.
  { files: ["toolbox/**/*.ts"], rules: { "no-console": "off", "max-params": ["error", 5] } },
);
