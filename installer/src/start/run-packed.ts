import { join } from "node:path";
import { keepMemorySmall, withUsualFlags } from "../platform/keep-memory-small.ts";
import { compileWithCache } from "./code-cache.ts";

/** Where the packed files of the program are. */
export interface PackedProgram {
  /** Digest of each file, by name. */
  readonly digests: Readonly<Record<string, string>>;
  /** Text of a packed file; `filename` is for stack traces. */
  readonly readScript: (file: string) => { readonly filename: string; readonly text: string };
  /** Text of a data file that travels with the program. */
  readonly readData: (path: string) => string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What was asked for: each command has compiled code of its own, because each runs other functions. */
  readonly command: string | undefined;
}

type Part = (module: { exports: unknown }, exports: unknown, load: Load) => void;
type Load = (id: string) => unknown;

/** Runs the program: a packed file is read when something of it is needed, and a part of it runs once. */
export function runPacked(program: PackedProgram): void {
  keepMemorySmall(program.command);
  const cache = cacheFolder(program.env);
  const command = /^[a-z]{1,16}$/.exec(program.command ?? "")?.[0] ?? "other";
  const modules = new Map<string, { exports: unknown }>([
    ["slipway:data", { exports: { readText: program.readData } }],
  ]);
  const files = new Map<string, readonly Part[]>();

  function open(file: string): readonly Part[] {
    const known = files.get(file);
    if (known !== undefined) return known;
    const path = join(cache, `${file}-${program.digests[file] ?? ""}-${command}`);
    const parts = compileWithCache(program.readScript(file), path).runInThisContext() as readonly Part[];
    files.set(file, parts);
    return parts;
  }

  function load(id: string): unknown {
    const known = modules.get(id);
    if (known !== undefined) return known.exports;
    if (!id.startsWith("#")) return loadBuiltin(id);
    const slash = id.indexOf("/");
    const module: { exports: unknown } = { exports: {} };
    modules.set(id, module);
    open(id.slice(1, slash))[Number(id.slice(slash + 1))]?.(module, module.exports, load);
    return module.exports;
  }

  load("#start/0");
}

function loadBuiltin(id: string): unknown {
  const builtin: unknown = withUsualFlags(() => process.getBuiltinModule(id));
  if (builtin !== undefined) return builtin;
  throw Object.assign(new Error(`the program was built without ${id}`), { code: "MODULE_NOT_FOUND" });
}

/** Not the default place of Node's cache below the temporary directory: others could put code there. */
function cacheFolder(env: PackedProgram["env"]): string {
  const given = env["XDG_CACHE_HOME"];
  const home = env["HOME"] ?? process.getBuiltinModule("node:os").homedir();
  const folder = given?.startsWith("/") === true ? given : join(home, ".cache");
  return join(folder, "slipway", "compiled", `${process.version}-${process.arch}`);
}
