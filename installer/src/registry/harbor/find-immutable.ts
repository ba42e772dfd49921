import type { Finding } from "../../events/event.ts";
import { listTexts } from "../../language/list-texts.ts";
import type { PlannedImage, PushPlan } from "../push/push-plan.ts";
import type { HarborClient } from "./harbor-client.ts";
import type { OwnRepositories } from "./own-repositories.ts";

const parallelQuestions = 8;
const namedTags = 5;

/** Tags that are to be moved and may not be. Harbor is asked for each of them, because who may push need not see its rules. */
export async function findImmutable(
  client: HarborClient,
  { name, isNew, project }: OwnRepositories,
  plan: PushPlan,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (isNew) return [];
  const moved = plan.images.filter(
    ({ repository, tag, replaces }) => repository.startsWith(`${name}/`) && tag !== undefined && replaces !== undefined,
  );
  const known = project === "hidden" ? undefined : project;
  // One question instead of many: of a user, Harbor looks at the password for each.
  if (moved.length > 1 && known !== undefined && !(await client.mayHoldTags(known, signal))) return [];
  const states = await askAll(client, moved, signal);
  const held = moved.filter((image) => states.get(image) === true);
  const unknown = moved.filter((image) => states.get(image) === undefined);
  const id = "harbor.immutable-tags";
  if (held.length > 0) {
    const [isOrAre, standsOrStand] = held.length === 1 ? ["is", "stands"] : ["are", "stand"];
    return [
      {
        id,
        severity: "failure",
        message: `${countTags(held)} in ${name} ${isOrAre} immutable and ${standsOrStand} for something else: ${list(held, name)}`,
        remedy: `push under another path or to another project, or have the rule of ${name} that holds ${held.length === 1 ? "it" : "them"} changed`,
      },
    ];
  }
  if (unknown.length === 0) return [];
  return [
    {
      id,
      severity: "warning",
      message: `${client.user ?? "nobody"} may not see whether ${countTags(unknown)} in ${name} that would move ${unknown.length === 1 ? "is" : "are"} immutable: ${list(unknown, name)}`,
      remedy: "where a rule holds one, its image fails at the end, and the others go through",
    },
  ];
}

async function askAll(
  client: HarborClient,
  images: readonly PlannedImage[],
  signal: AbortSignal,
): Promise<ReadonlyMap<PlannedImage, boolean | undefined>> {
  const states = new Map<PlannedImage, boolean | undefined>();
  const left = [...images];
  const ask = async (): Promise<void> => {
    for (let image = left.pop(); image !== undefined; image = left.pop()) {
      states.set(image, await client.isImmutable(image.repository, image.tag ?? "", signal));
    }
  };
  await Promise.all(Array.from({ length: parallelQuestions }, ask));
  return states;
}

function countTags(images: readonly PlannedImage[]): string {
  return images.length === 1 ? "a tag" : `${images.length} tags`;
}

/** `base/redis:7, base/nats:2 and 3 more`. */
function list(images: readonly PlannedImage[], project: string): string {
  const names = images.map(({ repository, tag }) => `${repository.slice(project.length + 1)}:${tag ?? ""}`);
  return listTexts(names, namedTags);
}
