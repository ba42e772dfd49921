// Adds to package-lock.json the optional platform packages that the registry at hand does not have. npm leaves those out when it
// writes the file, and `npm ci` refuses a lock file without them. Run it after every change of dependencies.
import { readFile, writeFile } from "node:fs/promises";

interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const path = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(await readFile(path, "utf8")) as { packages: Record<string, LockedPackage> };
const systems = /(android|darwin|freebsd|netbsd|openbsd|linux|openharmony|win32|aix|sunos)/;
const processors = /(arm64|x64|ia32|ppc64|riscv64|s390x|loong64|mips64el|wasm32|arm)(?![a-z0-9])/;
const added: string[] = [];

for (const [place, locked] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(locked.optionalDependencies ?? {})) {
    const top = `node_modules/${name}`;
    const exists = lock.packages[`${place}/${top}`] !== undefined || lock.packages[top] !== undefined;
    // Only packages of one exact version are platform packages; of others nobody can know the version.
    if (exists || !/^\d+\.\d+\.\d+/.test(version)) continue;
    lock.packages[top] = describePlatformPackage(name, version, locked.dev === true);
    added.push(name);
  }
}

lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : 1)));
if (added.length > 0) await writeFile(path, `${JSON.stringify(lock, undefined, 2)}\n`);
console.log(added.length === 0 ? "the lock file is complete" : `added ${added.join(", ")}`);

function describePlatformPackage(name: string, version: string, dev: boolean): LockedPackage {
  const os = systems.exec(name)?.[1];
  const cpu = processors.exec(name.replace(/^@[^/]+\//, ""))?.[1];
  return {
    version,
    ...(cpu !== undefined && { cpu: [cpu] }),
    ...(dev && { dev: true }),
    ...(name.includes("musl") && { libc: ["musl"] }),
    optional: true,
    ...(os !== undefined && { os: [os] }),
  } as LockedPackage;
}
