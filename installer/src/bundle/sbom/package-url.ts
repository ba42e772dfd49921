import type { SoftwarePackage } from "./packages.ts";

/** The package URL by which vulnerability databases know a package (github.com/package-url/purl-spec, PURL-TYPES). */
export function formatPackageUrl(found: SoftwarePackage, distribution: string | undefined): string {
  const { type, name, version, architecture } = found;
  const encoded = version === "(devel)" ? "" : `@${encodeURIComponent(version)}`;
  switch (type) {
    case "deb": {
      const vendor = distribution?.split("-")[0] ?? "debian";
      const qualifiers = [
        ...(architecture === undefined ? [] : [`arch=${architecture}`]),
        ...(distribution === undefined ? [] : [`distro=${distribution}`]),
      ];
      const tail = qualifiers.length === 0 ? "" : `?${qualifiers.join("&")}`;
      return `pkg:deb/${vendor}/${encodeURIComponent(name)}${encoded}${tail}`;
    }
    case "golang":
    case "npm":
      return `pkg:${type}/${name.split("/").map(encodeURIComponent).join("/")}${encoded}`;
  }
}
