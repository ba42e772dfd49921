import { isConsole } from "../../plan/find-in-plan.ts";
import type { Container, Plan, SecretSpec } from "../../plan/model.ts";
import { isSecretSlot, slotsOf } from "../../plan/text.ts";

/** Ids of the components and jobs whose environment or files hold a secret, without those that are made anew each time a person asks for one. */
export function readersOf(plan: Plan, secret: string): readonly string[] {
  const users = [
    ...plan.components.flatMap(({ id, workload }) =>
      workload === undefined ? [] : [{ id, container: workload.container }],
    ),
    ...plan.jobs.filter((job) => !isConsole(plan, job)).map(({ id, container }) => ({ id, container })),
  ];
  return users.filter(({ container }) => namesIn(container).has(secret)).map(({ id }) => id);
}

/** The readers of a secret, then the secrets that are made of it or signed by it, in words. */
export function usersOf(plan: Plan, { name }: Pick<SecretSpec, "name">): readonly string[] {
  const deriving = plan.secrets
    .filter(({ generator }) => "of" in generator && generator.of === name)
    .map((spec) => `secret ${spec.name}`);
  const signing = plan.secrets
    .filter(({ generator }) => generator.kind === "tls-leaf" && generator.authority === name)
    .map((spec) => `secret ${spec.name}`);
  return [...readersOf(plan, name), ...deriving, ...signing];
}

function namesIn(container: Container): ReadonlySet<string> {
  const slots = [
    ...container.env.flatMap((variable) => slotsOf(variable.value)),
    ...container.files.flatMap(({ contents }) => {
      if (contents.kind === "text") return slotsOf(contents.text);
      return contents.kind === "json" ? slotsOf(contents.value) : [];
    }),
  ];
  return new Set(slots.filter(isSecretSlot).map((slot) => slot.name));
}
