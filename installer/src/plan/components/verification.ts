import { container, type JobDraft, resourcesOf, tmp, type Parts, type PlanContext } from "../define.ts";
import { providerCaFiles } from "../groups/company-accounts.ts";
import { trustFiles } from "../groups/public-address.ts";
import { postgresCaFiles } from "../groups/postgres-client.ts";
import { toolboxDocument, toolboxUid } from "../groups/toolbox-job.ts";
import type { Scratch, Slotted, Wire } from "../model.ts";
import { jsonFile } from "../text.ts";

/** Jobs behind `verify`, by what it is asked for. */
export const verificationJobs = { wires: "verify", journey: "verify-journey" } as const;

/** The jobs behind `verify`: the wires of the plan in one document each, run on request from inside the platform's networks. */
export function buildVerification(context: PlanContext, wires: readonly Wire[]): Parts {
  const journeys = wires.filter(({ journey }) => journey === true);
  const usual = {
    id: verificationJobs.wires,
    title: "Prove every connection of the platform",
    wires: wires.filter(({ journey }) => journey !== true),
    seconds: 300,
    memory: tmp(16),
  };
  const journey = {
    id: verificationJobs.journey,
    title: "Go a person's way through the platform",
    wires: journeys,
    seconds: 600,
    // Git keeps large files in several places on their way.
    memory: tmp(256),
  };
  return { jobs: (journeys.length === 0 ? [usual] : [usual, journey]).map((work) => verificationJob(context, work)) };
}

interface Verification {
  readonly id: string;
  readonly title: string;
  readonly wires: readonly Wire[];
  readonly seconds: number;
  readonly memory: Scratch;
}

function verificationJob(context: PlanContext, { id, title, wires, seconds, memory }: Verification): JobDraft {
  const { toolbox } = context.values;
  return {
    id,
    component: "gateway",
    title,
    makes: [],
    needs: [],
    trigger: "request",
    deadlineSeconds: seconds,
    container: container({
      image: context.image("toolbox", toolbox.image),
      uid: toolboxUid,
      command: ["verify", toolboxDocument],
      resources: resourcesOf(toolbox.resources),
      scratch: [memory],
      files: [
        { path: toolboxDocument, contents: jsonFile({ wires: wires.map(toDocument) }) },
        ...postgresCaFiles(context),
        ...trustFiles(context),
        ...providerCaFiles(context),
      ],
    }),
  };
}

function toDocument(wire: Wire): Slotted {
  return { name: wire.id, from: wire.from, to: wire.to, ...wire.check };
}
