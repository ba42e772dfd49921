import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { BackRequest } from "../../events/ask.ts";
import { type PromptStreams, terminalPrompts } from "./prompts.ts";

/** A terminal without one behind it; what is typed waits until the question is on the screen. */
function terminal() {
  const input = new PassThrough();
  const output = new PassThrough();
  let screen = "";
  const type = (keys: string, after: string): void => {
    const look = (chunk: Buffer): void => {
      screen += chunk.toString();
      if (!screen.includes(after)) return;
      output.off("data", look);
      setImmediate(() => input.write(keys));
    };
    output.on("data", look);
  };
  output.resume();
  return { streams: { input, output } as unknown as PromptStreams, type };
}

test("Escape in a row of questions asks for the one before, in every kind of question", async () => {
  const choices = ["a", "b"].map((value) => ({ value, name: value }));
  for (const kind of ["input", "select", "choose"] as const) {
    const { streams, type } = terminal();
    const { guided } = terminalPrompts(new AbortController().signal, streams);
    type("\u001b", "Which");
    const asked = {
      input: () => guided?.input("Which"),
      select: () => guided?.select("Which", choices, "a"),
      choose: () => guided?.choose("Which", choices),
    }[kind]();

    await expect(asked, kind).rejects.toBeInstanceOf(BackRequest);
  }
});

test("Ctrl-C ends the run in both, and an answer is an answer", async () => {
  for (const manner of ["plain", "guided"] as const) {
    const { streams, type } = terminal();
    const prompts = terminalPrompts(new AbortController().signal, streams);
    const ask = manner === "plain" ? prompts : prompts.guided;
    type("\u0003", "Which");
    await expect(ask?.input("Which", { default: "x" }), manner).rejects.toMatchObject({ code: "ABORTED" });
  }
  const { streams, type } = terminal();
  type("yes\r", "Name");
  await expect(terminalPrompts(new AbortController().signal, streams).guided?.input("Name")).resolves.toBe("yes");
});
