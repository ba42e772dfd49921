import { expect, test } from "vitest";
import { eventsOfCopies, eventsOfHistory, failedStep, formatTimeline } from "./timeline.ts";

test("runs, failed steps and containers are one list by time, each on one line", () => {
  const runs = eventsOfHistory({
    entries: [
      {
        ...{ at: "2026-11-30T10:00:00.000Z", command: "install", version: "1.0.0", result: "failed", ms: 90_000 },
        ...{ changed: [], error: { code: "ROLLOUT_TIMEOUT", message: "app\nis not healthy" } },
      },
      { at: "2026-11-30T11:00:00.000Z", command: "stop app", version: "1.0.0", result: "open", changed: [] },
    ],
  });
  const step = failedStep(
    '{"at":"2026-11-30T10:01:29.000Z","run":"r","type":"step","id":"start","title":"Start components","state":"failed"}',
  );
  const item = failedStep(
    '{"time":"2026-11-30T10:01:28.000Z","type":"item","step":"start","id":"app","state":"failed","detail":"exit 7"}',
  );
  const container = { component: "app", id: "1", phase: "exited", health: "none", image: "i", imageId: "s" } as const;
  const copies = eventsOfCopies([
    {
      ...{ ...container, name: "p-app-1", restarts: 3, startedAt: "2026-11-30T10:00:30.123456789Z" },
      ended: { at: "2026-11-30T10:00:31.5Z", exitCode: 137, reason: "out of memory" },
    },
    { ...container, component: "web", name: "web", restarts: 0 },
  ]);

  expect(formatTimeline([...runs, ...copies, ...[step, item].filter((one) => one !== undefined)])).toBe(
    `2026-11-30T10:00:00.000Z  run        install began, with Slipway 1.0.0
2026-11-30T10:00:30.123456789Z  container  app (p-app-1) started, restarts so far: 3
2026-11-30T10:00:31.5Z  container  app (p-app-1) ended with exit status 137 (out of memory)
2026-11-30T10:01:28.000Z  step       failed in a step: app: exit 7
2026-11-30T10:01:29.000Z  step       step failed: Start components
2026-11-30T10:01:30.000Z  run        install ended: failed: ROLLOUT_TIMEOUT, app | is not healthy
2026-11-30T11:00:00.000Z  run        stop app began, with Slipway 1.0.0: open
`,
  );
});

test.each([
  "",
  "text",
  '{"state":"failed"',
  '{"state":"failed","at":"x"}',
  '{"state":"done","at":"x","title":"failed"}',
])("a line that tells of no failure is none: %s", (line) => {
  expect(failedStep(line)).toBeUndefined();
});
