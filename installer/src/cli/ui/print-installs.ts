import type { InstallsResult } from "../../actions/ls/ls.ts";
import type { Style } from "./style.ts";
import { formatTable } from "./table.ts";

/** A line for each install of the host. */
export function formatInstalls({ installs }: InstallsResult, style: Style): string {
  if (installs.length === 0) return "nothing is installed on this host";
  return formatTable(
    ["NAME", "RUNNING", "VOLUMES", "RECORDS"],
    installs.map(({ name, running, services, stores, records }) => [
      name,
      { text: `${running} of ${services}`, paint: running === services ? style.good : style.warn },
      String(stores),
      records ?? "-",
    ]),
    style,
  );
}
