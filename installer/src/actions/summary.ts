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
  const component = plan.components.find((row) => row.presence === "embedded" && row.firstPassword !== undefined);
  const login = component?.firstPassword;
  if (component === undefined || login === undefined) return undefined;
  const name = plan.install.name === "slipway" ? "" : ` --name ${plan.install.name}`;
  return { title: component.title, ...login, command: `slipway secrets show ${login.secret}${name}` };
}

/** What the plan leaves out, and why. */
export function notInstalledIn(plan: Plan): readonly NotInstalled[] {
  return plan.components
    .filter((component) => component.presence === "off")
    .map(({ id, title }) => ({ component: id, title, reason: "mode is off" }));
}
