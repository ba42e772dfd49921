import type { InstallerEvent } from "../../events/event.ts";
import { loadPlan } from "./load-plan.ts";
import { returnedValues } from "./returned-values.ts";
import { fingerprintOf, fingerprintsOf } from "./values-files.ts";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { useFilePorts } from "../../../test/support/file-ports.ts";

const place = useFilePorts();
const { ports, request } = place;

describe("the values of an install that is there", () => {
  const recorded = "domain: one.example\nports: { ssh: 2022 }\nredis: { resources: { memory: 300Mi } }\n";
  const own = () => join(place.folder, "values.yaml");
  const password = "of-nobody-else";

  beforeEach(() => {
    mkdirSync(join(place.folder, "state"));
    writeFileSync(join(place.folder, "state/values.yaml"), recorded);
  });

  async function load(selection: Parameters<typeof request>[0]) {
    const warnings: string[] = [];
    const { values } = await loadPlan(request(selection), {
      ...ports,
      report: (event) => {
        if (event.type === "warning") warnings.push(`${event.message}; ${event.hint ?? ""}`);
      },
    });
    const { domain, redis, ports: numbers } = values.values;
    const returned = values.replaced === undefined ? [] : returnedValues(values.replaced, values);
    return { seen: [domain, numbers.ssh, redis.resources.memory], returned, warnings };
  }

  it("are the recorded ones where nothing is given, and with --set what is laid over them", async () => {
    const nothing = await load({});
    const set = await load({ set: ["ports.ssh=2200"] });

    expect([nothing.seen, nothing.returned]).toEqual([["one.example", 2022, "300Mi"], []]);
    expect([set.seen, set.returned]).toEqual([["one.example", 2200, "300Mi"], []]);
  });

  it("are those of the file that is given: what it lacks returns to its default, which is told", async () => {
    writeFileSync(own(), "domain: one.example\n");

    const given = await load({ files: [own()] });

    expect(given.seen).toEqual(["one.example", 2222, "512Mi"]);
    expect(given.returned).toEqual([
      { path: "ports.ssh", from: "2022", to: "2222" },
      { path: "redis.resources.memory", from: "300Mi", to: "512Mi" },
    ]);
    expect(given.warnings).toEqual([]);
  });

  it("are the defaults and what is given with --reset-values", async () => {
    const reset = await load({ reset: true, set: ["ports.ssh=2200"] });

    expect(reset.seen).toEqual(["localhost", 2200, "512Mi"]);
    expect(reset.returned.map(({ path }) => path)).toEqual(["domain", "redis.resources.memory"]);
  });

  it("do not show a secret that returns to its default", async () => {
    writeFileSync(
      join(place.folder, "state/values.yaml"),
      `redis: { mode: external, external: { host: r.example, password: "${password}" } }\n`,
    );

    const { returned } = await load({ reset: true });

    expect(JSON.stringify(returned)).not.toContain(password);
    expect(returned.map(({ path }) => path)).toContain("redis.external.password");
  });

  it("are not those of ./values.yaml, and a warning names it where it says something else", async () => {
    writeFileSync(own(), "redis: { resources: { memory: 300Mi } }\n");
    const same = await load({ ownFile: own() });
    writeFileSync(own(), "redis: { resources: { memory: 1Gi } }\n");
    const other = await load({ ownFile: own() });
    const reset = await load({ ownFile: own(), reset: true });

    expect(same.warnings).toEqual([]);
    expect(other.seen).toEqual(["one.example", 2022, "300Mi"]);
    expect(other.warnings).toEqual([
      `${own()} is there and is not read: the recorded values count; -f ${own()} takes what it says, and nothing else`,
    ]);
    expect(reset.warnings[0]).toMatch(/values\.yaml is there and is not read: only defaults and what is given count/);
  });

  it("are not those of a file that was changed since, also where only a key was taken out of it", async () => {
    const file = join(place.folder, "prod.yaml");
    writeFileSync(file, recorded);
    const valuesFiles = [fingerprintOf({ name: file, text: recorded })];
    writeFileSync(join(place.folder, "state/applied.json"), JSON.stringify({ apiVersion: "slipway/v2", valuesFiles }));
    writeFileSync(file, `# a comment\n${recorded}`);
    const same = await load({});
    writeFileSync(file, "domain: one.example\n");
    const less = await load({});

    expect(same.warnings).toEqual([]);
    expect(less.warnings).toEqual([
      `${file} was changed since it was installed and is not read: the recorded values count; -f ${file} takes what it says, and nothing else`,
    ]);
  });

  it("are taken again from every file that they came from, and from none that can be read only once", async () => {
    const files = [join(place.folder, "base file.yaml"), join(place.folder, "prod.yaml")];
    const valuesFiles = [...files, "/dev/stdin", "/dev/fd/63"].map((path) => ({ path, digest: "another" }));
    writeFileSync(join(place.folder, "state/applied.json"), JSON.stringify({ apiVersion: "slipway/v2", valuesFiles }));
    for (const file of files) writeFileSync(file, "domain: two.example\n");
    const read: string[] = [];
    const fs = {
      ...ports.fs,
      readTextIfPresent: (path: string) => {
        read.push(path);
        return ports.fs.readTextIfPresent(path);
      },
    };
    const hints: (string | undefined)[] = [];
    const report = (event: InstallerEvent) => {
      if (event.type === "warning") hints.push(event.hint);
    };

    await loadPlan(request(), { ...ports, fs, report });

    const all = `-f '${files[0]}' -f ${files[1]} takes what they say, and nothing else`;
    expect(hints).toEqual([all, all]);
    expect(read.filter((path) => path.startsWith("/dev/"))).toEqual([]);
    expect(fingerprintsOf([{ name: "/dev/stdin", text: "domain: x" }])).toEqual([]);
  });

  it("are not those of a file that says what is recorded, whatever it said before", async () => {
    const valuesFiles = [{ path: own(), digest: "another" }];
    writeFileSync(join(place.folder, "state/applied.json"), JSON.stringify({ apiVersion: "slipway/v2", valuesFiles }));
    writeFileSync(own(), recorded);

    expect((await load({})).warnings).toEqual([]);
  });

  it.each(["lock", "files"] as const)("a directory given as %s is told", async (what) => {
    const given = what === "lock" ? { lock: place.folder } : { files: [place.folder] };

    await expect(load(given)).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining(`${place.folder} cannot be read`) as string,
    });
  });
});
