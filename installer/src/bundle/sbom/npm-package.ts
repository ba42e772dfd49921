import type { SoftwarePackage } from "./packages.ts";

const license = /^[A-Za-z0-9.+-]{1,64}$/;

/** The package that a `package.json` below `node_modules` describes; none when it describes none. */
export function parseNpmPackage(text: string): readonly SoftwarePackage[] {
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch {
    return [];
  }
  const { name, version, license: declared } = (fields ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof name !== "string" || typeof version !== "string" || name.length > 214 || version.length > 256) return [];
  const known = typeof declared === "string" && license.test(declared) && declared !== "UNLICENSED";
  return [{ type: "npm", name, version, ...(known && { license: declared }) }];
}
