import type { Plan } from "../plan/model.ts";
import type { InstallResult, NotInstalled } from "./install.ts";

/** Addresses people open. */
export function urlsOf(plan: Plan): InstallResult["urls"] {
  return plan.components
    .filter((component) => component.presence !== "off")
    .flatMap((component) => component.links.map(({ title, url }) => ({ component: component.id, title, url })));
}

/** How to read the first password. */
export function firstPasswordOf(plan: Plan): InstallResult["firstPassword"] {
  const login = plan.components.find(
    (component) => component.presence === "embedded" && component.firstPassword !== undefined,
  )?.firstPassword;
  if (login === undefined) return undefined;
  const name = plan.install.name === "slipway" ? "" : ` --name ${plan.install.name}`;
  return { ...login, command: `slipway secrets show ${login.secret}${name}` };
}

/** What the plan leaves out, and why. */
export function notInstalledIn(plan: Plan): readonly NotInstalled[] {
  return plan.components
    .filter((component) => component.presence === "off")
    .map(({ id, title }) => ({ component: id, title, reason: "mode is off" }));
}
