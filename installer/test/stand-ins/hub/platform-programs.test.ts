/** What the platform gives the programs of CSGHub, seen in what they make of it. */
import { describe, expect, it } from "vitest";
import { parseDsn } from "./dsn.ts";
import { checkPortalForms, checkServerForms } from "./forms.ts";
import { portalSettings } from "./portal-settings.ts";
import { parseCommandLine } from "./command-line.ts";
import { hubCommands, programs } from "./programs.ts";
import { serverSettings } from "./server-settings.ts";
import { readSettings } from "./settings.ts";
import { type Given, platformPrograms } from "./testing/platform-programs.ts";

const elsewhere = [
  "redis.mode=external",
  "redis.external.host=redis.corp.example",
  "redis.external.password=given",
  "notifier.mail.host=mail.corp.example",
  "notifier.mail.user=hub@corp.example",
  "notifier.mail.password=given",
];

const given = platformPrograms(["moderation.mode=embedded"]);

const isPortal = ({ id }: Given): boolean => id.startsWith("csghub-portal");

describe("the programs of the hub with the platform's own settings", () => {
  const units = given.filter((unit) => !isPortal(unit) && unit.id !== "csghub-migration");

  it("are all of them", () => {
    const paths = units.map(({ words }) => pathOf(words));
    expect(paths.toSorted()).toEqual(programs.map(({ path }) => path).toSorted());
  });

  it.each(units.map((unit) => [unit.id, unit] as const))(
    "%s takes all it is told",
    (_, { words, environment, file }) => {
      const program = programs.find(({ path }) => path === pathOf(words))!;
      const settings = readSettings(serverSettings, environment, file);
      checkServerForms(settings, program.uses);
      expect(settings.text("STARHUB_SERVER_API_TOKEN").length).toBeGreaterThanOrEqual(128);
      expect(parseDsn(settings.text("STARHUB_DATABASE_DSN"))).toMatchObject({
        host: "postgres",
        database: "csghub_server",
        password: `pg-server's "own" $ \\ / @ : # password`,
      });
      if (program.port !== undefined) expect(settings.number(program.port)).toBeGreaterThan(1024);
    },
  );

  it.each([
    ["STARHUB_SERVER_REDIS_PASSWORD", "csghub-server", "redis-external"],
    ["STARHUB_SERVER_S3_ACCESS_KEY_SECRET", "csghub-dataviewer", "s3-csghub-server"],
    ["STARHUB_SERVER_MAILER_PASSWORD", "csghub-notifier", "mail"],
  ])("%s arrives as it is, whatever stands in it", (env, id, secret) => {
    const unit = platformPrograms(elsewhere).find((candidate) => candidate.id === id)!;
    const settings = readSettings(serverSettings, unit.environment, unit.file);
    expect(settings.text(env)).toBe(`${secret}'s "own" $ \\ / @ : # password`);
  });
});

it("the portal takes all it is told", () => {
  for (const { environment } of given.filter(isPortal)) {
    const settings = readSettings(portalSettings, environment);
    checkPortalForms(settings);
    expect(parseDsn(settings.text("CSGHUB_PORTAL_DATABASE_DSN"))).toMatchObject({
      database: "csghub_portal",
      password: `pg-portal's "own" $ \\ / @ : # password`,
    });
    expect(settings.text("CSGHUB_PORTAL_LOGIN_URL")).toMatch(/&state=casdoor$/);
  }
});

function pathOf(words: readonly string[]): string {
  const invocation = parseCommandLine(hubCommands, words, ["log-level", "log-format", "config"]);
  return invocation.kind === "run" ? invocation.path : "";
}
