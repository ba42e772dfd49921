import type { Image } from "../../../plan/model.ts";
import { isOwnName, ownNameReason } from "../../../oci/own-names.ts";
import { describeWays } from "../../../plan/component-names.ts";
import type { CheckFinding } from "../../check.ts";
import type { ComposeCheck, ComposeCheckContext } from "./compose-check.ts";

const registryAnswerMs = 20_000;

/** Every image of the plan is here, can be built here, or can be pulled. */
export const imagesAvailable: ComposeCheck = {
  id: "images.unavailable",
  title: "every image is present, can be built or can be pulled",
  why: "a component without an image cannot run; better to know before anything is started",
  severity: "failure",
  run: async (context) => {
    if (!context.engine.reachable) return [];
    const users = imageUsers(context);
    const present = await context.docker.imageIds([...users.keys()]);
    const findings = await Promise.all(
      [...users.values()]
        .filter(({ image }) => !present.has(image.reference) && context.availableImages?.has(image.reference) !== true)
        .map(async (user) => await checkMissing(context, user)),
    );
    return findings.flat();
  },
};

interface ImageUser {
  readonly image: Image;
  readonly components: Set<string>;
}

function imageUsers({ plan }: ComposeCheckContext): ReadonlyMap<string, ImageUser> {
  const users = new Map<string, ImageUser>();
  const containers = [
    ...plan.components.flatMap(({ id, workload }) =>
      workload === undefined ? [] : [{ id, container: workload.container }],
    ),
    ...plan.jobs.map(({ component, container }) => ({ id: component, container })),
  ];
  for (const { id, container } of containers) {
    const user = users.get(container.image.reference) ?? { image: container.image, components: new Set<string>() };
    user.components.add(id);
    users.set(container.image.reference, user);
  }
  return users;
}

async function checkMissing(
  context: ComposeCheckContext,
  { image, components }: ImageUser,
): Promise<readonly CheckFinding[]> {
  const isOurs = image.source === "built";
  const prefixed = context.values.images.registry !== "";
  if (isOurs && !prefixed && context.canBuildImages && context.offline !== true) return [];
  const reason =
    context.offline === true
      ? "this run uses no network"
      : isOurs && !prefixed
        ? "it is built from a checkout, and this program does not run from one"
        : await pullFault(context, image);
  if (reason === undefined) return [];
  const names = [...components].toSorted();
  const ways = ["name a registry that has it (--set images.registry=…)", "load it from a bundle (slipway bundle load)"];
  return [
    {
      component: names.join(", "),
      message: `the image ${image.reference} is not here and cannot be had: ${reason}`,
      remedy: describeWays(ways, names, context.values),
    },
  ];
}

/** Why the image cannot be pulled, or undefined when its registry has it. */
async function pullFault({ plan, exec, signal }: ComposeCheckContext, image: Image): Promise<string | undefined> {
  if (plan.settings.pullPolicy === "never") return "pulling is switched off (images.pullPolicy)";
  if (isOwnName(image.reference)) return ownNameReason;
  const result = await exec
    .run("docker", ["manifest", "inspect", image.reference], {
      allowFailure: true,
      timeoutMs: registryAnswerMs,
      signal,
    })
    .catch((error: unknown) => ({
      exitCode: 1,
      stdout: "",
      stderr: error instanceof Error ? error.message : String(error),
    }));
  if (result.exitCode === 0) return undefined;
  return lastLine(result.stderr) ?? "its registry gives no answer";
}

function lastLine(text: string): string | undefined {
  const last = text.trim().split("\n").at(-1);
  return last === "" ? undefined : last;
}
