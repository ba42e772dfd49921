import { container, resourcesOf, type Parts, type PlanContext } from "../define.ts";
import { trustFiles } from "../groups/public-address.ts";
import { postgresCaFiles } from "../groups/postgres-client.ts";
import { toolboxDocument, toolboxUid } from "../groups/toolbox-job.ts";
import type { Slotted, Wire } from "../model.ts";
import { jsonFile } from "../text.ts";

/** Id of the job behind `verify`. */
export const verificationJob = "verify";

/** The job behind `verify`: every wire of the plan in one document, run on request from inside the platform's networks. */
export function buildVerification(context: PlanContext, wires: readonly Wire[]): Parts {
  const { toolbox } = context.values;
  return {
    jobs: [
      {
        id: verificationJob,
        component: "gateway",
        title: "Prove every connection of the platform",
        makes: [],
        needs: [],
        trigger: "request",
        deadlineSeconds: 300,
        container: container({
          image: context.image("toolbox", toolbox.image),
          uid: toolboxUid,
          command: ["verify", toolboxDocument],
          resources: resourcesOf(toolbox.resources),
          files: [
            { path: toolboxDocument, contents: jsonFile({ wires: wires.map(toDocument) }) },
            ...postgresCaFiles(context),
            ...trustFiles(context),
          ],
        }),
      },
    ],
  };
}

function toDocument(wire: Wire): Slotted {
  return { name: wire.id, from: wire.from, to: wire.to, ...wire.check };
}
