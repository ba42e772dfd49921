import type { Plan } from "../../plan/model.ts";
import type { ImpossibleChange } from "../../render/rendering.ts";

/** Volumes stay where they were made. */
export function movedData(before: Plan, after: Plan): readonly ImpossibleChange[] {
  const [was, wanted] = [before.settings.dataDir, after.settings.dataDir];
  if (was === wanted) return [];
  return [
    {
      message: `dataDir is ${wanted ?? "empty"}, and the data of this install is in ${was ?? "the engine's own volumes"}`,
      hint: `data is not moved: set dataDir back to ${JSON.stringify(was ?? "")}`,
    },
  ];
}
