/** A mounted file system, as /proc/self/mountinfo tells. */
export interface Mount {
  readonly path: string;
  /** Numbers of the file system, which every place where it is mounted shares: `8:1`. */
  readonly device: string;
  readonly type: string;
  readonly readOnly: boolean;
}

/** Reads /proc/self/mountinfo; lines that make no sense are left out. */
export function parseMounts(text: string): readonly Mount[] {
  return text.split("\n").flatMap((line) => {
    const [left, right] = line.split(" - ");
    const fields = left?.split(" ") ?? [];
    const [, , device, , path] = fields;
    const type = right?.split(" ")[0];
    if (device === undefined || path === undefined || type === undefined) return [];
    const options = `${fields[5] ?? ""},${right?.split(" ")[2] ?? ""}`.split(",");
    return [{ path: unescapeOctal(path), device, type, readOnly: options.includes("ro") }];
  });
}

/** The file system that holds a path: the longest mount point above it, the last one mounted there. */
export function mountOf(mounts: readonly Mount[], path: string): Mount | undefined {
  let best: Mount | undefined;
  for (const mount of mounts) {
    const holds = mount.path === "/" || path === mount.path || path.startsWith(`${mount.path}/`);
    if (holds && mount.path.length >= (best?.path.length ?? 0)) best = mount;
  }
  return best;
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
