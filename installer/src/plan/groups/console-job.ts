import type { Console } from "../console.ts";
import { container, resourcesOf, type JobDraft, type PlanContext } from "../define.ts";
import type { Component, ConfigFile, EndpointSlot, EnvVariable } from "../model.ts";
import { toolboxSection, toolboxUid } from "./toolbox-job.ts";

interface ConsoleFields extends Pick<Console, "kind" | "logins"> {
  readonly component: Pick<Component, "id" | "title">;
  /** `host:port` of what it is a console of. */
  readonly server: EndpointSlot;
  /** The program with the arguments that are the same each time; a login and a person's own come behind them. */
  readonly program: readonly string[];
  readonly env?: readonly EnvVariable[];
  /** Address and credentials: what is in a file is in no argument, and in no variable that others can read. */
  readonly files: readonly ConfigFile[];
}

/**
 * A cluster opens the way to its server a moment after a pod runs, and a program that is refused before then ends. One that stays
 * refused is for the program to tell, after ten seconds.
 */
const awaitServer = `tries=0
until probe tcp "$SERVER" --timeout 2s 2>/dev/null || [ $((tries += 1)) -ge 20 ]; do sleep 0.5; done
unset SERVER
exec "$@"`;

/** A console of the toolbox image, and the job that runs it. */
export function toolboxConsole(
  context: PlanContext,
  fields: ConsoleFields,
): { readonly console: Console; readonly job: JobDraft } {
  const { toolbox } = context.values;
  const id = `${fields.component.id}-console`;
  return {
    console: { kind: fields.kind, job: id, logins: fields.logins },
    job: {
      id,
      component: fields.component.id,
      title: `Console of ${fields.component.title.en}`,
      makes: [],
      needs: [],
      trigger: "request",
      // A person's session may be long, and one that was forgotten ends.
      deadlineSeconds: 86_400,
      container: container({
        image: context.image(toolboxSection.key, toolbox.image),
        uid: toolboxUid,
        // An init: it passes signals on, and the terminal's window. Where a console is run in a pod that waits for it, it is not the first process.
        entrypoint: ["tini", "-s", "--", "sh", "-c", awaitServer, "console", ...fields.program],
        resources: resourcesOf(toolbox.resources),
        env: [{ name: "HOME", value: ["/tmp"] }, { name: "SERVER", value: [fields.server] }, ...(fields.env ?? [])],
        files: fields.files,
      }),
    },
  };
}
