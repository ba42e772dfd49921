import type { Job as JobDocument } from "../../../../toolbox/src/contract.generated.ts";
import type { Section } from "../../values/section.ts";
import { container, resourcesOf, type JobDraft, type PlanContext } from "../define.ts";
import type { ConfigFile, Dependency, Slotted } from "../model.ts";
import { jsonFile } from "../text.ts";

/** The toolbox is no component: it runs where others need work done once. */
export const toolboxSection: Section = { key: "toolbox", leastMemory: 128 };

/** Where the toolbox finds its document, the same in every job. */
export const toolboxDocument = "/run/slipway/document.json";

/** How the toolbox image starts its program, for containers that start another way. */
export const toolboxProgram: readonly string[] = ["node", "/opt/slipway/toolbox.cjs"];

/** Uid of the toolbox image. */
export const toolboxUid = 10011;

export interface ToolboxJobFields {
  readonly id: string;
  readonly component: string;
  readonly title: string;
  readonly makes: readonly string[];
  readonly needs: readonly Dependency[];
  readonly document: { readonly kind: JobDocument["kind"] } & Readonly<Record<string, Slotted>>;
  readonly files?: readonly ConfigFile[];
  readonly deadlineSeconds?: number;
  readonly waits?: true;
  readonly outlastsSecrets?: true;
  readonly editedByPeople?: true;
  readonly stamp?: NonNullable<JobDraft["stamp"]> | undefined;
}

/** A one-shot job of the toolbox image with its document as a secret file. */
export function toolboxJob(context: PlanContext, fields: ToolboxJobFields): JobDraft {
  const { toolbox } = context.values;
  return {
    id: fields.id,
    component: fields.component,
    title: fields.title,
    makes: fields.makes,
    needs: fields.needs,
    deadlineSeconds: fields.deadlineSeconds ?? 180,
    trigger: "bring-up",
    ...(fields.waits === undefined ? {} : { waits: fields.waits }),
    ...(fields.outlastsSecrets === undefined ? {} : { outlastsSecrets: fields.outlastsSecrets }),
    probeArguments: ["run", "--probe", toolboxDocument],
    ...(fields.editedByPeople === undefined ? {} : { editedByPeople: fields.editedByPeople }),
    ...(fields.stamp === undefined ? {} : { stamp: fields.stamp }),
    container: container({
      image: context.image("toolbox", toolbox.image),
      uid: toolboxUid,
      command: ["run", toolboxDocument],
      resources: resourcesOf(toolbox.resources),
      files: [{ path: toolboxDocument, contents: jsonFile(fields.document) }, ...(fields.files ?? [])],
    }),
  };
}
