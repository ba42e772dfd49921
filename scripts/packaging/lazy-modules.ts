import { builtinModules } from "node:module";
import type { Plugin } from "esbuild";

const namespace = "lazy";

/** Parts of Node that are there before the program starts: to put them off would save nothing. */
const loadedAtStart: ReadonlySet<string> = new Set([
  ...["async_hooks", "buffer", "diagnostics_channel", "events", "fs", "path", "querystring", "timers", "url", "util"],
]);

/** Under this name the packed program asks for a package that was put off; it has to be an entry point of the bundle. */
export function lazyPackageId(name: string): string {
  return `lazy:${name}`;
}

/**
 * Loads parts of Node, and these packages, on the first use of what they export and not when a module that names them is
 * loaded: cryptography alone takes a third of the time that Node takes to start, and most commands encrypt nothing.
 */
export function lazyModules(packages: readonly string[]): Plugin {
  return {
    name: "lazy-modules",
    setup(hooks) {
      hooks.onResolve({ filter: /^(node:)?[a-z_0-9/-]+$/ }, async ({ path, kind, pluginData }) => {
        if (pluginData === namespace) return { path, external: true };
        if (kind !== "import-statement" && kind !== "require-call") return undefined;
        const exported = packages.includes(path) ? await exportsOf(path) : await exportsOfBuiltin(path);
        return exported === undefined ? undefined : { path, namespace, pluginData: exported };
      });
      hooks.onResolve({ filter: /^lazy:/ }, ({ path }) => ({ path, external: true }));
      hooks.onLoad({ filter: /.*/, namespace }, ({ path, pluginData }) => ({
        loader: "js",
        contents: packages.includes(path)
          ? stub(`require(${JSON.stringify(lazyPackageId(path))}).default`, pluginData as readonly string[])
          : stub(`require(${JSON.stringify(path)})`, pluginData as readonly string[]),
        pluginData: namespace,
      }));
    },
  };
}

async function exportsOf(name: string): Promise<readonly string[]> {
  const { default: value } = (await import(name)) as { readonly default: object };
  return Object.keys(value);
}

/** Names that a part of Node exports; undefined for what cannot or need not be put off. */
async function exportsOfBuiltin(path: string): Promise<readonly string[] | undefined> {
  const name = path.replace(/^node:/, "");
  if (path === name && !builtinModules.includes(name)) return undefined;
  if (loadedAtStart.has(name) || name === "process") return undefined;
  const { default: value } = (await import(`node:${name}`)) as { readonly default: unknown };
  // What is a function or a class itself (stream, assert) has to be there when it is named.
  return typeof value === "object" && value !== null ? Object.keys(value) : undefined;
}

function stub(load: string, exported: readonly string[]): string {
  // What the guard against the network puts in place of a function has to arrive in the module itself.
  const properties = exported
    .map((name) => JSON.stringify(name))
    .map((name) => `get ${name}() { return load()[${name}]; }, set ${name}(value) { load()[${name}] = value; }`);
  return `let loaded;
const load = () => (loaded ??= ${load});
module.exports = { ${properties.join(",\n")} };`;
}
