import { describe, expect, it } from "vitest";
import { validateJob, validateVerify } from "./documents.ts";
import { DocumentError } from "./errors.ts";

const admin = { host: "postgres", port: "5432", user: "admin", password: "admin-pw", database: "postgres", tls: "off" };

function problemsOf(work: () => unknown): readonly string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof DocumentError) return error.problems;
    throw error;
  }
  return [];
}

describe("validateJob", () => {
  it("takes a port written as digits", () => {
    const job = validateJob({ kind: "postgres-databases", admin, databases: [] });

    expect(job).toMatchObject({ kind: "postgres-databases", admin: { port: 5432 } });
  });

  it("lists every problem with its path", () => {
    const problems = problemsOf(() =>
      validateJob({
        kind: "postgres-databases",
        admin: { ...admin, port: 99_999, tls: "maybe" },
        databases: [{ name: "", owner: "o", password: 5, extensions: [{ nam: "hstore" }], extra: 1 }],
      }),
    );

    expect(problems).toEqual([
      "job.admin.port: must be a whole number from 1 to 65535 (got a number)",
      "job.admin.tls: must be one of off, require, verify (got a string)",
      "job.databases[0].extra: unknown field",
      "job.databases[0].name: must be a text that is not empty and has no NUL (got an empty text)",
      "job.databases[0].password: must be a text that is not empty (got a number)",
      "job.databases[0].extensions[0].name: is missing",
      "job.databases[0].extensions[0].nam: unknown field",
    ]);
  });

  it("names the kinds there are", () => {
    const problems = problemsOf(() => validateJob({ kind: "postgres" }));

    expect(problems).toEqual([
      'job.kind: must be one of postgres-databases, postgres-prepared, s3-buckets, temporal-schema, temporal-namespace, casdoor-bootstrap, sql-steps, restore-postgres, restore-sequences, restore-git, restore-objects, restore-streams (got "postgres")',
    ]);
  });

  it.each([null, [], "text", 5, { kind: "toString" }, { kind: "__proto__" }])("refuses %j", (document) => {
    expect(problemsOf(() => validateJob(document))).toHaveLength(1);
  });

  it("never repeats a value that could be a secret", () => {
    const problems = problemsOf(() =>
      validateJob({
        kind: "s3-buckets",
        endpoint: "http://key:hunter2@minio:9000",
        admin: "hunter2",
        users: ["hunter2"],
      }),
    );

    expect(problems.length).toBeGreaterThan(2);
    expect(problems.join("\n")).not.toContain("hunter2");
  });

  it("refuses two passwords for one role, a repeated database and the administrator as owner", () => {
    const database = { name: "a", owner: "app", password: "one", extensions: [] };
    const databases = [database, { ...database, name: "b", password: "two" }, { ...database, owner: "admin" }];

    const problems = problemsOf(() => validateJob({ kind: "postgres-databases", admin, databases }));

    expect(problems).toEqual([
      'job.databases[1].password: role "app" has another password in an earlier entry',
      'job.databases[2].name: "a" is there twice',
      'job.databases[2].owner: must not be the administrator "admin"',
    ]);
  });

  it("refuses users and expiry that the buckets do not carry", () => {
    const problems = problemsOf(() =>
      validateJob({
        kind: "s3-buckets",
        endpoint: "http://minio:9000",
        region: "cn-north-1",
        flavour: "minio",
        admin: { accessKey: "root", secretKey: "root-secret" },
        buckets: [{ name: "Bad_Name", versioning: false, access: "private", noncurrentDays: 7 }],
        users: [
          { accessKey: "root", secretKey: "short", buckets: ["missing"] },
          { accessKey: "app", secretKey: "long-enough", buckets: [] },
        ],
      }),
    );

    expect(problems).toEqual([
      'job.buckets[0].name: "Bad_Name" is not a bucket name S3 allows',
      "job.buckets[0].noncurrentDays: needs versioning",
      "job.users[0].accessKey: must not be the administrator's",
      "job.users[0].secretKey: must have at least 8 characters",
      'job.users[0].buckets: "missing" is not among the job\'s buckets',
      "job.users[1].buckets: must name at least one bucket",
    ]);
  });

  it("refuses a plain password where Casdoor needs a hash", () => {
    const problems = problemsOf(() =>
      validateJob({
        kind: "casdoor-bootstrap",
        database: admin,
        url: "http://casdoor:8000",
        publicUrl: "https://casdoor.hub",
        builtInAdminPasswordHash: "plain-text",
        organizations: [],
        applications: [],
      }),
    );

    expect(problems).toEqual(["job.builtInAdminPasswordHash: must be a bcrypt hash"]);
  });
});

describe("validateVerify", () => {
  const redis = {
    kind: "redis",
    name: "app -> redis",
    from: "app",
    to: "redis",
    host: "redis",
    port: 6379,
    password: "pw",
  };

  it("takes wires of several kinds", () => {
    const route = {
      kind: "route",
      name: "page",
      from: "edge",
      to: "gateway",
      url: "http://hub/",
      expectStatus: [200, 304],
    };

    const document = validateVerify({ wires: [redis, { ...route, expectHeader: { etag: true } }] });

    expect(document.wires.map((wire) => wire.kind)).toEqual(["redis", "route"]);
  });

  it("brings URLs, and numbers that were given as digits, into one form", () => {
    const registry = {
      kind: "registry",
      name: "r",
      from: "a",
      to: "b",
      url: "http://registry:5000/",
      user: "u",
      password: "p",
    };
    const page = { kind: "route", name: "p", from: "a", to: "b", url: "http://hub/", expectStatus: ["200", 304] };
    const given = { wires: [registry, page] };

    const { wires } = validateVerify(given);

    expect(wires).toEqual([
      { ...registry, url: "http://registry:5000" },
      { ...page, expectStatus: [200, 304] },
    ]);
    expect(given.wires[0]).toBe(registry);
  });

  it.each([
    ["expectStatus", "always", "must be a whole number from 100 to 599 (got a string)"],
    ["expectStatus", [200, 99], "must be a whole number from 100 to 599 (got a number)"],
    ["expectHeader", { etag: false }, "must be a text or true (got a boolean)"],
    ["expectHeader", { etag: "" }, "must be a text that is not empty and has no NUL (got an empty text)"],
    ["expectHeader", "etag", "must be an object (got a string)"],
    ["method", "GET\u0000", "must be a text that is not empty and has no NUL (got a string)"],
    ["url", 5, "must be a URL beginning with http:// or https://"],
  ])("says once what %s has to be instead of %j", (field, value, problem) => {
    const page = {
      kind: "route",
      name: "p",
      from: "a",
      to: "b",
      url: "http://hub/",
      expectStatus: 200,
      [field]: value,
    };

    const problems = problemsOf(() => validateVerify({ wires: [page] }));

    expect(problems).toEqual([expect.stringMatching(new RegExp(`^verify\\.wires\\[0\\]\\.${field}`)) as string]);
    expect(problems[0]).toContain(problem);
  });

  it("refuses two wires of one name", () => {
    expect(problemsOf(() => validateVerify({ wires: [redis, redis] }))).toEqual([
      'verify.wires: two wires are named "app -> redis"',
    ]);
  });

  it("refuses addresses with paths or credentials", () => {
    const wires = [
      { kind: "temporal", name: "t", from: "a", to: "b", address: "http://temporal:7233", namespace: "default" },
      { kind: "nats", name: "n", from: "a", to: "b", url: "nats://u:p@nats:4222", user: "u", password: "p" },
      { kind: "registry", name: "r", from: "a", to: "b", url: "http://registry:5000/v2/", user: "u", password: "p" },
    ];

    expect(problemsOf(() => validateVerify({ wires }))).toEqual([
      "verify.wires[0].address: must be host:port",
      "verify.wires[1].url: must not hold a user or password, these have fields of their own",
      "verify.wires[2].url: must end after host and port, without a path",
    ]);
  });
});
