import { mountFor } from "../../host/directories.ts";
import { type ComposeCheck, type ComposeCheckContext, engineInfo } from "./compose-check.ts";

/** Where the engine keeps volumes; undefined where that is not on this machine, or cannot be seen. */
async function engineRoot(context: ComposeCheckContext): Promise<string | undefined> {
  const info = engineInfo(context);
  if (info?.socket === undefined || !(await context.fs.exists(info.dataRoot).catch(() => false))) return undefined;
  return info.dataRoot;
}

export const readOnlyDisk: ComposeCheck = {
  id: "live.read-only",
  title: "the engine can write to its disk",
  why: "after an error of the disk the kernel lets nobody write any more, and what runs goes on for a while without",
  severity: "failure",
  run: async (context) => {
    const root = context.live === undefined ? undefined : await engineRoot(context);
    if (root === undefined || (await mountFor(context, root))?.readOnly !== true) return [];
    return [
      {
        message: `${root} is on a file system that nobody may write to`,
        remedy: "dmesg says whether the disk failed; save what can be read, check the file system, mount it again",
      },
    ];
  },
};

/** Only a directory of this host can lie beside the data; a server elsewhere cannot. */
export const backupsApart: ComposeCheck = {
  id: "live.backup-apart",
  title: "backups do not lie on the disk of the data",
  why: "when that disk breaks, the data and its backups are lost together",
  severity: "warning",
  run: async (context) => {
    if (context.live === undefined) return [];
    const { settings, components } = context.plan;
    const data = settings.dataDir ?? (await engineRoot(context));
    if (data === undefined) return [];
    const dataMount = await mountFor(context, data);
    const places = components.flatMap(({ volumes }) => volumes.flatMap((volume) => volume.directory ?? []));
    const mounts = await Promise.all(places.map((path) => mountFor(context, path)));
    return places
      .filter((_path, index) => dataMount !== undefined && mounts[index]?.device === dataMount.device)
      .map((path) => ({
        message: `${path} is on the same file system as the data in ${data}`,
        remedy: "set backup.directory to another disk, or keep backups on a server: backup.repository",
      }));
  },
};

interface Pressure {
  readonly what: "memory" | "io";
  /** Percent of the last five minutes. */
  readonly most: number;
  readonly message: string;
  readonly remedy: string;
}

const pressures: readonly Pressure[] = [
  {
    what: "memory",
    most: 5,
    message: "of the last five minutes the whole host waited for memory",
    remedy: "give the host more memory, or take something else off it; docker stats shows who uses it",
  },
  {
    what: "io",
    most: 40,
    message: "of the last five minutes the whole host waited for its disks",
    remedy: "put the data on a faster disk, or take something else off it; iostat -x shows which one is busy",
  },
];

/** What the kernel counts itself: Documentation/accounting/psi.rst. */
export const pressure: ComposeCheck = {
  id: "live.pressure",
  title: "the host is not short of memory or of its disks",
  why: "health checks time out then, and everything seems to break at once",
  severity: "warning",
  run: async (context) => {
    if (context.live === undefined || engineInfo(context)?.socket === undefined) return [];
    const found = await Promise.all(
      pressures.map(async ({ what, most, message, remedy }) => {
        const text = await context.fs.readTextIfPresent(`/proc/pressure/${what}`).catch(() => undefined);
        const percent = Number(/^full .*\bavg300=([\d.]+)/m.exec(text ?? "")?.[1] ?? 0);
        return percent < most ? [] : [{ message: `for ${Math.round(percent)} % ${message}`, remedy }];
      }),
    );
    return found.flat();
  },
};
