import { join } from "node:path";
import type { CheckFinding } from "../../check.ts";
import type { ComposeCheck } from "./compose-check.ts";

const mebibyte = 1024 * 1024;

/** The engine's own log files, where this user may see them. */
export const containerLogs: ComposeCheck = {
  id: "live.container-logs",
  title: "the logs of containers stay within their limits",
  why: "logs without a limit fill the disk",
  severity: "warning",
  run: async (context) => {
    if (!context.engine.reachable) return [];
    const { dataRoot } = context.engine.info;
    const limit = toBytes(context.plan.settings.logs.maxSize);
    const services = [...(context.live?.services.values() ?? [])];
    const findings = await Promise.all(
      services.map(async ({ component, id }): Promise<readonly CheckFinding[]> => {
        const path = join(dataRoot, "containers", id, `${id}-json.log`);
        const size = (await context.fs.stat(path).catch(() => undefined))?.size ?? 0;
        // A file is rotated after it grew past the limit, by at most one message.
        if (size <= limit + mebibyte) return [];
        return [
          {
            component,
            message: `its log has ${Math.round(size / mebibyte)} MiB, more than logging.maxSize allows`,
            remedy: "slipway install sets the limit again; was the container made by hand?",
          },
        ];
      }),
    );
    return findings.flat();
  },
};

/** Docker's notation: 10m. */
function toBytes(size: string): number {
  const unit = { k: 1024, m: mebibyte, g: 1024 * mebibyte }[size.slice(-1)] ?? 1;
  return Number.parseInt(size, 10) * unit;
}
