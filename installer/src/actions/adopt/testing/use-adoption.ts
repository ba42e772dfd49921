import { join } from "node:path";
import { useFilePorts } from "../../../../test/support/file-ports.ts";
import { validate } from "../../validate/validate.ts";
import { adopt, type AdoptResult } from "../adopt.ts";
import { type Texts, writeTexts } from "./old-tree.ts";

/** A folder `old` in a place that each test of the file has to itself, and what is made of it in `out`. */
export function useAdoption() {
  const place = useFilePorts();
  const at = (name: string): string => join(place.folder, name);
  const adoptFrom = (
    from: string,
    { dryRun = false, out = at("out"), ports = place.ports } = {},
  ): Promise<AdoptResult> => {
    const { name, stateDir } = place.request();
    return adopt({ name, stateDir, from, out, dryRun }, ports);
  };
  return {
    at,
    adoptFrom,
    get folder(): string {
      return place.folder;
    },
    ports: place.ports,
    adoptTexts: (texts: Texts, dryRun = false): Promise<AdoptResult> => {
      writeTexts(at("old"), texts);
      return adoptFrom(at("old"), { dryRun });
    },
    validateWritten: () =>
      validate(place.request({ files: [at("out/values.yaml")], profile: "standard" }), place.ports),
  };
}
