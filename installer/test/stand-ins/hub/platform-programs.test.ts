/** What the platform gives the programs of CSGHub, seen in what they make of it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDsn } from "./dsn.ts";
import { natsLogin } from "./reach.ts";
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
  const jobs = ["csghub-migration", "csghub-dataviewer-extensions"];
  const units = given.filter((unit) => !isPortal(unit) && !jobs.includes(unit.id));

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

describe("a password of any characters", () => {
  const marks = [
    ...Array.from("@:/?#%$\"'\\ &=+;,!()*~`^|<>{}[]\t\r\n\u007f\u00a0\u2028"),
    "é",
    "密",
    "🔑",
    "a",
    "1",
    "%41",
    "${X}",
    "$(id)",
  ];
  const password = fc.oneof(
    fc.array(fc.constantFrom(...marks), { minLength: 1, maxLength: 24 }).map((parts) => parts.join("")),
    fc.string({ unit: "binary", minLength: 1, maxLength: 24 }).map((text) => text.replaceAll("\0", "0")),
  );

  /** The passwords that a program of the hub or the portal makes of what it was given. */
  function passwordsOf({ id, words, environment, file }: Given): readonly string[] {
    if (id.startsWith("csghub-portal")) {
      const settings = readSettings(portalSettings, environment);
      return [
        parseDsn(settings.text("CSGHUB_PORTAL_DATABASE_DSN")).password,
        settings.text("CSGHUB_PORTAL_S3_ACCESS_KEY_SECRET"),
        settings.text("CSGHUB_PORTAL_PRIVATE_S3_ACCESS_KEY_SECRET"),
      ];
    }
    const settings = readSettings(serverSettings, environment, file);
    const uses = id === "csghub-migration" ? [] : (programs.find(({ path }) => path === pathOf(words))?.uses ?? []);
    return [
      parseDsn(settings.text("STARHUB_DATABASE_DSN")).password,
      ...(uses.includes("redis") ? [settings.text("STARHUB_SERVER_REDIS_PASSWORD")] : []),
      ...(uses.includes("objects") ? [settings.text("STARHUB_SERVER_S3_ACCESS_KEY_SECRET")] : []),
      ...(uses.includes("nats") ? [natsLogin(settings).password] : []),
    ];
  }

  it("arrives as it is at every program, by connection string, file and shell", () => {
    fc.assert(
      fc.property(password, (text) => {
        for (const unit of platformPrograms(["moderation.mode=embedded"], () => text)) {
          if (unit.id === "csghub-dataviewer-extensions") continue;
          expect(new Set(passwordsOf(unit))).toEqual(new Set([text]));
        }
      }),
      { numRuns: process.env["SLIPWAY_FULL"] === "1" ? 300 : 25 },
    );
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
