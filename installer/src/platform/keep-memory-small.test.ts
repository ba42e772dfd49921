import { execa } from "execa";
import { expect, test } from "vitest";

/** Flags are those of a process, so each program of a test is one. */
async function run(steps: string): Promise<unknown> {
  const module = new URL("./keep-memory-small.ts", import.meta.url).href;
  const { stdout } = await execa(process.execPath, ["--input-type=module", "--eval", `${prelude(module)}${steps}`]);
  return JSON.parse(stdout);
}

/** Texts are always as long, which is what V8 goes by, and never the same: what it compiled already it does not look at again. */
function prelude(module: string): string {
  return `
    import { Script } from "node:vm";
    import { keepMemorySmall, withUsualFlags } from ${JSON.stringify(module)};
    let scripts = 1_000_000;
    const next = () => "(function twice(count) { return count * 2; })(" + (scripts += 1) + ")";
    const compile = () => new Script(next()).createCachedData();
    const isTaken = (cachedData) => new Script(next(), { cachedData }).cachedDataRejected === false;
    const answers = [];
    process.on("exit", () => console.log(JSON.stringify(answers)));
  `;
}

test("code that was compiled before memory is kept small is taken afterwards", async () => {
  const answers = await run(`
    const compiled = compile();
    keepMemorySmall("push");
    keepMemorySmall("push");
    answers.push(withUsualFlags(() => isTaken(compiled)), isTaken(compiled));
  `);

  expect(answers).toEqual([true, false]);
});

test("code that is compiled while memory is kept small is of use to a process that starts", async () => {
  const answers = await run(`
    keepMemorySmall("push");
    const compiled = withUsualFlags(compile);
    answers.push(withUsualFlags(() => isTaken(compiled)));
  `);

  expect(answers).toEqual([true]);
});

test("the flags stay as usual until all that was started has loaded or failed", async () => {
  const answers = await run(`
    const compiled = compile();
    const [one, other] = [Promise.withResolvers(), Promise.withResolvers()];
    keepMemorySmall("push");
    withUsualFlags(() => 1, () => one.promise);
    withUsualFlags(() => 2, () => other.promise);
    one.resolve();
    await one.promise;
    answers.push(isTaken(compiled));
    other.reject(new Error("it never started"));
    await other.promise.catch(() => undefined);
    answers.push(isTaken(compiled));
  `);

  expect(answers).toEqual([true, false]);
});

test("memory is kept small again after something that could not be loaded", async () => {
  const answers = await run(`
    const compiled = compile();
    keepMemorySmall("push");
    try { withUsualFlags(() => { throw new Error("not there"); }); } catch (error) { answers.push(error.message); }
    answers.push(isTaken(compiled));
  `);

  expect(answers).toEqual(["not there", false]);
});

test("what is said while something loads counts once that is done", async () => {
  const answers = await run(`
    const compiled = compile();
    withUsualFlags(() => { keepMemorySmall("push"); answers.push(isTaken(compiled)); });
    answers.push(isTaken(compiled));
  `);

  expect(answers).toEqual([true, false]);
});

test("a command through which nothing streams has the usual flags", async () => {
  const answers = await run(`
    const compiled = compile();
    keepMemorySmall("validate");
    answers.push(isTaken(compiled));
  `);

  expect(answers).toEqual([true]);
});
