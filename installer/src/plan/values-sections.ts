import type { Section } from "../values/section.ts";
import { componentDefinitions } from "./components/all.ts";
import type { ComponentDefinition } from "./define.ts";
import { toolboxSection } from "./groups/toolbox-job.ts";

/** What there is to know about the sections of the values: one for each component that has values, and the toolbox's, which works for all. */
export function valuesSections(definitions: readonly ComponentDefinition[] = componentDefinitions): readonly Section[] {
  return [...definitions.flatMap(({ section }) => (section === undefined ? [] : [section])), toolboxSection];
}
