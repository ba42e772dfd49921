import type { OpenResult } from "../../actions/access/open.ts";
import type { Style } from "./style.ts";

/** What was opened, or what to open by hand. */
export function formatOpen({ opened, urls, firstPassword }: OpenResult, style: Style): string {
  const lines =
    opened === undefined
      ? urls.map(({ title, url }) => `${title.en}: ${style.bold(url)}`)
      : [`opened ${style.bold(opened)}`];
  if (firstPassword !== undefined) {
    const { title, user, command } = firstPassword;
    lines.push(style.dim(`${title.en}: sign in as ${user}; ${command} shows the first password`));
  }
  return lines.join("\n");
}
