import { installCommand } from "../../plan/install-command.ts";
import type { LocalizedText, Plan, Registration } from "../../plan/model.ts";

/** An address that people open. */
export interface PublicUrl {
  readonly component: string;
  readonly title: LocalizedText;
  readonly url: string;
}

/** What people must enter somewhere else, and for which component. */
export interface NeededRegistration extends Registration {
  readonly component: string;
}

/** How to read the first password. */
export interface FirstPassword {
  /** What one logs in to. */
  readonly title: LocalizedText;
  readonly user: string;
  readonly secret: string;
  readonly command: string;
}

/** A component that the plan leaves out, and why. */
export interface NotInstalled {
  readonly component: string;
  readonly title: LocalizedText;
  readonly reason: string;
}

/** Addresses people open. */
export function urlsOf(plan: Plan): readonly PublicUrl[] {
  return plan.components
    .filter((component) => component.presence !== "off")
    .flatMap((component) => component.links.map(({ title, url }) => ({ component: component.id, title, url })));
}

/** What people must enter somewhere else; the key is absent where there is nothing. */
export function registrationsIn(plan: Plan): { readonly registrations?: readonly NeededRegistration[] } {
  const registrations = plan.components.flatMap(({ id, registrations: needed = [] }) =>
    needed.map((registration) => ({ component: id, ...registration })),
  );
  return registrations.length === 0 ? {} : { registrations };
}

/** How to read the first password. */
export function firstPasswordOf(plan: Plan): FirstPassword | undefined {
  const component = plan.components.find((row) => row.presence === "embedded" && row.firstPassword !== undefined);
  const login = component?.firstPassword;
  if (component === undefined || login === undefined) return undefined;
  return {
    title: component.title,
    ...login,
    command: installCommand(plan.install.name, `secrets show ${login.secret}`),
  };
}

/** What the plan leaves out, and why. */
export function notInstalledIn(plan: Plan): readonly NotInstalled[] {
  return plan.components
    .filter((component) => component.presence === "off")
    .map(({ id, title }) => ({ component: id, title, reason: "mode is off" }));
}
