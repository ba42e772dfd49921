import type { Install } from "../../execute/state/install.ts";
import type { Identity } from "../../execute/state/records.ts";
import type { Wanted } from "../../execute/wanted.ts";
import { isMadeOf, type LivePlatform, serves } from "../live-platform.ts";
import { composeRecord } from "./compose-record.ts";
import type { ComposePorts } from "./compose-ports.ts";
import { staleFiles } from "./live-tree.ts";

/** Whether every service is the wanted one, serves, is attached to its networks and has read its files as they are now. */
export async function isAsWanted(
  { identity, layout, applied }: Install & { readonly identity: Identity },
  wanted: Wanted,
  live: LivePlatform,
  { fs }: ComposePorts,
): Promise<boolean> {
  const record = composeRecord(applied);
  const current = [...wanted.units.values()]
    .filter((unit) => unit.role === "service")
    .every((unit) => {
      const service = live.services.get(unit.id);
      if (service === undefined || !isMadeOf(service, unit, live.imageIds) || !serves(service)) return false;
      const started = record.containers[unit.id];
      return (
        service.severed.length === 0 && started?.containerId === service.id && started.filesDigest === unit.filesDigest
      );
    });
  if (!current) return false;
  const stale = await staleFiles(
    { fs, root: layout.live, digestKey: identity.digestKey },
    [...wanted.files.values()],
    record,
  );
  return stale.length === 0;
}
