import { BundleError } from "../../errors/installer-error.ts";
import { fieldsOf } from "../../language/fields.ts";

/** A package as a document lists it. */
export interface ListedPackage {
  /** Of its package URL: `deb`, `golang`, `npm` and others. */
  readonly type: string;
  readonly name: string;
  readonly version: string;
}

/**
 * Lists the packages of an SPDX document; the image itself is none.
 * @param path what the document is called in messages
 * @throws BundleError when it is not an SPDX 2 document
 */
export function readSpdxPackages(text: string, path: string): readonly ListedPackage[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new BundleError(`${path} is not JSON`, { cause: error });
  }
  const { spdxVersion, packages } = fieldsOf(document);
  if (typeof spdxVersion !== "string" || !spdxVersion.startsWith("SPDX-2.") || !Array.isArray(packages)) {
    throw new BundleError(`${path} is not an SPDX 2 document`);
  }
  return packages.flatMap((entry: unknown) => {
    const { name, versionInfo, externalRefs } = fieldsOf(entry);
    if (typeof name !== "string" || !Array.isArray(externalRefs)) return [];
    const type = externalRefs
      .map((reference: unknown) => /^pkg:([a-z0-9.+-]+)\//.exec(String(fieldsOf(reference)["referenceLocator"]))?.[1])
      .find((found) => found !== undefined);
    if (type === undefined || type === "oci") return [];
    return [{ type, name, version: typeof versionInfo === "string" ? versionInfo : "" }];
  });
}
