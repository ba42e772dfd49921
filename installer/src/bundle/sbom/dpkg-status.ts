import type { SoftwarePackage } from "./packages.ts";

/** Lists the installed packages of a dpkg database, `status` or a file of `status.d` (dpkg's deb-control(5)). */
export function parseDpkgStatus(text: string): readonly SoftwarePackage[] {
  return text.split(/\n\n+/).flatMap((stanza) => {
    const fields = readFields(stanza);
    const [name, version] = [fields.get("Package"), fields.get("Version")];
    // The single files of images made without dpkg have no status: what is there is installed.
    const installed = fields.get("Status")?.endsWith(" installed") ?? true;
    if (name === undefined || version === undefined || !installed) return [];
    const [architecture, source] = [fields.get("Architecture"), fields.get("Source")];
    return [
      {
        type: "deb" as const,
        name,
        version,
        ...(architecture !== undefined && { architecture }),
        ...(source !== undefined && source !== name && { source }),
      },
    ];
  });
}

const wanted: ReadonlySet<string> = new Set(["Package", "Version", "Architecture", "Source", "Status"]);

function readFields(stanza: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of stanza.split("\n")) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0));
    if (wanted.has(name)) fields.set(name, line.slice(colon + 1).trim());
  }
  return fields;
}
