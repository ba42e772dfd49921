// Prints where the sections of the values are described, in the order of the components.
import { componentDefinitions } from "../../installer/src/plan/components/all.ts";
import { toolboxSection } from "../../installer/src/plan/groups/toolbox-job.ts";
import type { SectionPlace } from "./values-files.ts";

const components = componentDefinitions.flatMap(({ id, section }): SectionPlace[] =>
  section === undefined ? [] : [{ key: section.key, path: `installer/src/plan/components/${id}` }],
);
const toolbox: SectionPlace = { key: toolboxSection.key, path: "installer/src/plan/groups/toolbox" };

console.log(JSON.stringify([...components, toolbox]));
