import { expect, test } from "vitest";
import { type Ask, BackRequest } from "../../events/ask.ts";
import { type Answers, type Question, runWizard, type Wizard } from "./wizard.ts";

const yesNo = ["yes", "no"].map((value) => ({ value, name: value }));

/** A colour; where it is red, also how red; then a number. */
const wizard: Wizard = {
  questions: (answers) => {
    const colour = answers.get("colour") ?? "blue";
    const list: Question[] = [
      { id: "colour", title: "Colour", about: "Which one.", kind: "input", preset: "blue" },
      ...(colour === "red"
        ? [{ id: "deep", title: "Deep", kind: "select", preset: "no", choices: yesNo } as const]
        : []),
      {
        id: "count",
        title: "Count",
        kind: "input",
        preset: "1",
        check: (value) => (colour === "red" && value === "13" ? "not with red" : undefined),
      },
    ];
    return Promise.resolve(list);
  },
  problem: (answers) => (answers.get("count") === "0" ? "nothing to paint" : undefined),
  deed: "paint",
};

/** Plays a person: each line is the beginning of the question that must come, and the answer to it. */
async function play(script: readonly (readonly [question: string, answer: string | typeof back])[]) {
  const left = [...script];
  const presets: string[] = [];
  const next = (message: string, preset: string): Promise<string> => {
    const [question, answer] = left.shift() ?? ["nothing more", ""];
    expect(message.split("\n")[0]).toBe(question);
    presets.push(preset);
    return answer === back ? Promise.reject(new BackRequest()) : Promise.resolve(answer);
  };
  const ask: Ask = {
    confirm: () => Promise.reject(new Error("not asked")),
    choose: () => Promise.reject(new Error("not asked")),
    input: (message, options) => next(message, options?.default ?? ""),
    select: (message, choices, preset) => next(message, `${preset} of ${choices.map(({ value }) => value).join(", ")}`),
  };
  const answers: Answers = await runWizard(ask, wizard);
  expect(left).toEqual([]);
  return { answers: Object.fromEntries(answers), presets };
}
const back = Symbol("back");

test("each question has its place among those that the answers leave", async () => {
  const { answers } = await play([
    ["Colour (1 of 2)", "red"],
    ["Deep (2 of 3, Esc goes back)", "yes"],
    ["Count (3 of 3, Esc goes back)", "2"],
    ["Summary", "write"],
  ]);

  expect(answers).toEqual({ colour: "red", deep: "yes", count: "2" });
});

test("going back asks the question before once more, with its answer proposed; from the first there is no way back", async () => {
  const { answers, presets } = await play([
    ["Colour (1 of 2)", back],
    ["Colour (1 of 2)", "green"],
    ["Count (2 of 2, Esc goes back)", back],
    ["Colour (1 of 2)", "blue"],
    ["Count (2 of 2, Esc goes back)", "5"],
    ["Summary", back],
    ["Count (2 of 2, Esc goes back)", "6"],
    ["Summary", "write"],
  ]);

  expect(answers).toEqual({ colour: "blue", count: "6" });
  expect(presets.slice(3, 4)).toEqual(["green"]);
  expect(presets.at(-2)).toBe("5");
});

test("of the summary one answer can be changed; what becomes wrong by it is asked again, what goes with it is forgotten", async () => {
  const { answers } = await play([
    ["Colour (1 of 2)", "blue"],
    ["Count (2 of 2, Esc goes back)", "13"],
    ["Summary", "change colour"],
    ["Colour (1 of 2)", "red"],
    ["Deep (2 of 3, Esc goes back)", "yes"],
    ["Count (3 of 3, Esc goes back)", "12"],
    ["Summary", "change colour"],
    ["Colour (1 of 2)", "green"],
    ["Summary", "write"],
  ]);

  expect(answers).toEqual({ colour: "green", count: "12" });
});

test("answers that do not go together cannot be written, only changed", async () => {
  const { presets } = await play([
    ["Colour (1 of 2)", "blue"],
    ["Count (2 of 2, Esc goes back)", "0"],
    ["Summary", "change count"],
    ["Count (2 of 2, Esc goes back)", "3"],
    ["Summary", "write"],
  ]);

  expect(presets[2]).toBe("change colour of change colour, change count, stop");
  expect(presets[4]).toBe("write of write, change colour, change count, stop");
});

test("who declines the summary ends the run, and nothing is written", async () => {
  await expect(
    play([
      ["Colour (1 of 2)", "blue"],
      ["Count (2 of 2, Esc goes back)", "1"],
      ["Summary", "stop"],
    ]),
  ).rejects.toMatchObject({ code: "ABORTED", message: "the summary was declined; nothing was written" });
});
