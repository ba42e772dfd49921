import { container, type JobDraft, type OutsideDocument, type PlanContext, resourcesOf } from "../define.ts";
import { jsonFile } from "../text.ts";
import { toolboxDocument, toolboxUid } from "./toolbox-job.ts";

/** The job behind the check of services elsewhere; in a plan only where there are some. */
export const outsideJobId = "external-services";

/** Looks at services elsewhere from inside: version, rights and what they know of the platform. Secrets in it are given ones. */
export function outsideJob(context: PlanContext, services: readonly OutsideDocument[]): readonly JobDraft[] {
  if (services.length === 0) return [];
  const { toolbox } = context.values;
  return [
    {
      id: outsideJobId,
      component: "gateway",
      title: "Look at services elsewhere",
      makes: [],
      needs: [],
      trigger: "request",
      deadlineSeconds: 120,
      container: container({
        image: context.image("toolbox", toolbox.image),
        uid: toolboxUid,
        command: ["look", toolboxDocument],
        resources: resourcesOf(toolbox.resources),
        files: [{ path: toolboxDocument, contents: jsonFile({ services }) }],
      }),
    },
  ];
}
