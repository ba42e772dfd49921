import type { AnswerCheck } from "../../events/ask.ts";
import type { Estimate } from "./sizing.ts";
import type { Question } from "./wizard.ts";

export const usersId = "users";
export const repositoriesId = "repositories";

/** How large the platform will become. */
export function estimateQuestions({ users, repositories }: Estimate): readonly Question[] {
  const check: AnswerCheck = (value) => (/^(0|[1-9][0-9]{0,8})$/.test(value) ? undefined : "must be a whole number");
  const about = "The sizes that are proposed follow from it. A guess will do: every one can be changed at any time.";
  return [
    {
      id: usersId,
      title: "People who work with it on a usual day",
      about,
      kind: "input",
      preset: String(users),
      check,
    },
    { id: repositoriesId, title: "Repositories", about, kind: "input", preset: String(repositories), check },
  ];
}
