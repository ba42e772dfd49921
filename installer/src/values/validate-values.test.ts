import { describe, expect, test } from "vitest";
import { defaultsText, listProblems, readText } from "../../test/support/values-sources.ts";
import { ValuesError } from "../errors/installer-error.ts";
import { loadValues } from "./load-values.ts";
import { valuesSections } from "../plan/values-sections.ts";

const place = (line: number, column: number) => ` [my.yaml:${line}:${column}]`;

function expectProblem(file: string, message: string): void {
  expect(listProblems(file)).toEqual([message]);
}

test.each(["values/profiles/infra.yaml"])("the profile %s fits", (path) => {
  expect(() => loadValues({ defaults: defaultsText, profile: readText(path) }, valuesSections())).not.toThrow();
});

describe("the profile ha", () => {
  const load = (...texts: readonly string[]) =>
    loadValues(
      {
        defaults: defaultsText,
        profile: readText("values/profiles/ha.yaml"),
        files: texts.map((text) => ({ name: "my.yaml", text })),
        sets: ["domain=hub.corp.example"],
      },
      valuesSections(),
    );
  const example = readText("values/examples/ha.yaml").text;

  test("names every setting that is missing", () => {
    const at = (line: number, column: number) => ` [values/profiles/ha.yaml:${line}:${column}]`;

    expect(() => load()).toThrow(
      expect.objectContaining({
        code: "VALUES_INVALID",
        hint: "give what the profile leaves open in a values file (-f) or with --set; slipway explain KEY says what it is",
        details: [
          `postgres.external.host: is empty, but postgres.mode is external and needs it${at(4, 19)}`,
          `postgres.external.adminPassword: is empty and so is adminPasswordFile, but postgres.mode is external; give exactly one of the two, or passwordFolder${at(4, 19)}`,
          `redis.external.host: is empty, but redis.mode is external and needs it${at(5, 16)}`,
          `redis.external.password: is empty and so is passwordFile, but redis.mode is external; give exactly one of the two${at(5, 16)}`,
          `objectStore.external.endpoint: is empty, but objectStore.mode is external and needs it${at(6, 22)}`,
          `objectStore.external.accessKey: is empty, but objectStore.mode is external and needs it${at(6, 22)}`,
          `objectStore.external.secretKey: is empty and so is secretKeyFile, but objectStore.mode is external; give exactly one of the two${at(6, 22)}`,
        ],
      }),
    );
  });

  test("fits with what its example says", () => {
    expect(load(example).values.availability).toBe("high");
  });

  test.each(["postgres", "redis", "objectStore"])("does not let %s be one service with its data on one disk", (key) => {
    expect(() => load(example, `${key}: { mode: embedded }`)).toThrow(
      expect.objectContaining({
        details: [
          `${key}.mode: would be one service with its data on one disk, but availability is high (got "embedded"), allowed is external [my.yaml:1:${key.length + 11}]`,
        ],
      }),
    );
  });
});

test("problems come in the order of the file, whatever finds them, then those of the command line", () => {
  const text = "ports:\n  https: 70000\n  http: x\ndomian: a\ntimezone: 8\n";

  try {
    loadValues({ defaults: defaultsText, files: [{ name: "my.yaml", text }], sets: ["alpha=1"] }, valuesSections());
    expect.unreachable();
  } catch (error) {
    const issues = error instanceof ValuesError ? error.issues : [];
    expect(issues.map(({ file, line }) => `${file}:${line}`)).toEqual([
      "my.yaml:2",
      "my.yaml:3",
      "my.yaml:4",
      "my.yaml:5",
      "--set:undefined",
    ]);
  }
});

describe("keys and kinds", () => {
  test.each([
    ["domian: x", `domian: unknown key, did you mean domain?${place(1, 1)}`],
    ["profile: infra", `profile: is not a value, use --profile${place(1, 1)}`],
    ["Postgres: {}", `Postgres: unknown key, did you mean postgres?${place(1, 1)}`],
    ["object_store: {}", `object_store: unknown key, did you mean objectStore?${place(1, 1)}`],
    ["tls:\n  certificate: x", `tls.certificate: unknown key, did you mean certFile?${place(2, 3)}`],
    [
      'tls: { "odd key": 1 }',
      `tls["odd key"]: unknown key, allowed are mode, certFile, keyFile, caFile, trustedCaFile${place(1, 8)}`,
    ],
    [
      "redis: 5",
      `redis: is of the wrong kind (got 5), allowed is a map of mode, image, replicas, resources, storage, extraEnv and external${place(1, 8)}`,
    ],
    [
      "logging: [1]",
      `logging: is of the wrong kind (got a list), allowed is a map of maxSize and maxFiles${place(1, 10)}`,
    ],
    [
      "logging:",
      `logging: has no value (got nothing), write one or remove the line; allowed is a map of maxSize and maxFiles${place(1, 9)}`,
    ],
    ["edition: { a: 1 }", `edition: is of the wrong kind (got a map), allowed is ce, ee or saas${place(1, 10)}`],
    [
      "timezone: 8",
      `timezone: is a number and not text (got 8), put it in quotes; allowed is an IANA time zone such as Asia/Shanghai or UTC${place(1, 11)}`,
    ],
    [
      "timezone: true",
      `timezone: is a boolean and not text (got true), put it in quotes; allowed is an IANA time zone such as Asia/Shanghai or UTC${place(1, 11)}`,
    ],
    [
      'logging: { maxFiles: "3" }',
      `logging.maxFiles: is text where a number belongs (got "3"), write it without quotes; allowed is a whole number from 1 to 100${place(1, 22)}`,
    ],
    [
      "logging: { maxFiles: true }",
      `logging.maxFiles: is not allowed (got true), allowed is a whole number from 1 to 100${place(1, 22)}`,
    ],
    [
      "logging: { maxFiles: 2.5 }",
      `logging.maxFiles: is not allowed (got 2.5), allowed is a whole number from 1 to 100${place(1, 22)}`,
    ],
    [
      "objectStore: { external: { createBuckets: yes } }",
      `objectStore.external.createBuckets: is text, because YAML 1.2 does not read yes, no, on and off as booleans (got "yes"), allowed is true or false${place(1, 43)}`,
    ],
    [
      'objectStore: { external: { createBuckets: "true" } }',
      `objectStore.external.createBuckets: is text where true or false belongs (got "true"), write it without quotes; allowed is true or false${place(1, 43)}`,
    ],
    [
      "redis: { mode: off }",
      `redis.mode: cannot be off because the platform does not work without it (got "off"), allowed is embedded or external${place(1, 16)}`,
    ],
    [
      "redis: { mode: internal }",
      `redis.mode: is not allowed (got "internal"), did you mean embedded? allowed is embedded or external${place(1, 16)}`,
    ],
    [
      "casdoor: { mode: maybe }",
      `casdoor.mode: is not allowed (got "maybe"), allowed is embedded, external or off${place(1, 18)}`,
    ],
    [
      "gateway: { mode: external }",
      `gateway.mode: is not allowed (got "external"), allowed is embedded${place(1, 18)}`,
    ],
    [
      "redis: { extraEnv: { A-B: x } }",
      `redis.extraEnv.A-B: the name is not possible, allowed are letters, digits and underscores, not beginning with a digit${place(1, 22)}`,
    ],
    [
      "redis: { extraEnv: { PORT: 80 } }",
      `redis.extraEnv.PORT: is a number and not text (got a number), put it in quotes; allowed is text${place(1, 28)}`,
    ],
    [
      "redis: { extraEnv: [] }",
      `redis.extraEnv: is of the wrong kind (got a list), allowed is names of letters, digits and underscores, with text as values${place(1, 20)}`,
    ],
  ])("%s", expectProblem);

  test.each(["yes", "no", "on", "off", "null", "1.10", "0777", "1e3", "~"])(
    "keep a quoted %s as text in an environment variable",
    (text) => {
      const { values } = loadValues(
        {
          defaults: defaultsText,
          files: [{ name: "f", text: `redis: { extraEnv: { A: "${text}" } }` }],
        },
        valuesSections(),
      );

      expect(values.redis.extraEnv).toEqual({ A: text });
    },
  );

  test("optional components can be off", () => {
    expect(listProblems("casdoor: { mode: off }\ngitlabShell: { mode: off }\nlandingPage: { mode: off }")).toEqual([]);
  });
});

describe("words for texts", () => {
  const size = "allowed is a size such as 512Mi or 1Gi (Ki, Mi, Gi, Ti, k, M, G, T)";
  const image =
    "allowed is an image reference with a tag (not latest) or a sha256 digest, such as postgres:17.6, or empty";

  test.each([
    ["512m", "ends in m, which means thousandths", "512M or 512Mi"],
    ["1.5Gi", "has a fraction, which not every target reads", "1536Mi"],
    ["0.5T", "has a fraction, which not every target reads", "500G or 512Gi"],
    ["0Mi", "is zero or begins with a zero", undefined],
    ["512MB", "has a unit that is not known", "512M or 512Mi"],
    ["2GiB", "has a unit that is not known", "2Gi"],
    ["1gi", "has a unit that is not known", "1Gi"],
    ["10 k", "has a unit that is not known", "10k or 10Ki"],
    ["lots", "is not allowed", undefined],
  ])("the size %s", (text, reason, meant) => {
    expectProblem(
      `redis: { storage: { size: ${text} } }`,
      `redis.storage.size: ${reason} (got "${text}"), ${meant === undefined ? "" : `did you mean ${meant}? `}${size}${place(1, 27)}`,
    );
  });

  test.each([
    ["2048", "2048Mi"],
    ["2147483648", "2Gi"],
    ["50", "50Gi"],
  ])("the size %s without a unit", (number, meant) => {
    expectProblem(
      `redis: { storage: { size: ${number} } }`,
      `redis.storage.size: is a number without a unit (got ${number}), did you mean ${meant}? ${size}${place(1, 27)}`,
    );
  });

  test.each(["redis.storage.size", "postgres.resources.memory"])("a few bytes are not meant as %s", (path) => {
    expect(listProblems("", [`${path}="2048"`])).toContain(
      `${path}: has no unit and counts bytes (got "2048"), did you mean 2048Mi? [--set]`,
    );
  });

  test.each([
    ["4", "4Gi"],
    ["512", "512Mi"],
  ])("the memory %s without a unit", (number, meant) => {
    expect(listProblems("", [`redis.resources.memory=${number}`])).toEqual([
      expect.stringContaining(`is a number without a unit (got ${number}), did you mean ${meant}?`),
    ]);
    expect(listProblems("", [`redis.resources.memory="${number}"`])).toEqual([
      `redis.resources.memory: has no unit and counts bytes (got "${number}"), did you mean ${meant}? [--set]`,
    ]);
  });

  test.each(["postgres.resources.memory", "nats.resources.memory"])(
    "a size without a unit is the only problem: nothing is compared with %s",
    (path) => {
      expect(listProblems("", [`${path}="2048"`])).toEqual([
        `${path}: has no unit and counts bytes (got "2048"), did you mean 2048Mi? [--set]`,
      ]);
    },
  );

  test.each([
    ["https://AI.Corp.Example/", "is a URL and not only a host name", "ai.corp.example"],
    ["http://user@ai.corp:8443/x?y#z", "is a URL and not only a host name", "ai.corp"],
    ["AI.corp.example:8443", "has a port, which has a key of its own", "ai.corp.example"],
    ["AI.corp.example.", "has upper-case letters", "ai.corp.example"],
  ])("the domain %s", (text, reason, meant) => {
    expect(listProblems(`domain: ${text}`)).toEqual([
      expect.stringMatching(new RegExp(`^domain: ${reason} \\(got .*\\), did you mean ${meant}\\? allowed is`)),
    ]);
  });

  test("the host of a service elsewhere", () => {
    expect(listProblems("redis: { mode: external, external: { host: 'https://r.example', password: x } }")).toEqual([
      expect.stringContaining('is a URL and not only a host name (got "https://r.example"), did you mean r.example?'),
    ]);
  });

  test.each([
    ["10M", "10m"],
    ["10MB", "10m"],
    ["1 Gi", "1g"],
  ])("the size %s in the notation of Docker", (text, meant) => {
    expectProblem(
      `logging: { maxSize: ${text} }`,
      `logging.maxSize: is not allowed (got "${text}"), did you mean ${meant}? allowed is a number followed by k, m or g, such as 10m${place(1, 21)}`,
    );
  });

  test.each([
    ["500m", "did you mean 0.5? "],
    ["1500m", "did you mean 1.5? "],
    ["2 cores", "did you mean 2? "],
    ['"0,5"', "did you mean 0.5? "],
    ['"2"', "write it without quotes; "],
    ["many", ""],
  ])("the number %s", (text, advice) => {
    const got = text.startsWith('"') ? text : `"${text}"`;
    expectProblem(
      `redis: { resources: { cpus: ${text} } }`,
      `redis.resources.cpus: is text where a number belongs (got ${got}), ${advice}allowed is a number from 0.01 to 1024${place(1, 29)}`,
    );
  });

  test("the size 1_024Mi", () => {
    expect(listProblems("redis: { resources: { memory: 1_024Mi } }")).toEqual([
      expect.stringContaining('(got "1_024Mi"), did you mean 1024Mi? allowed is'),
    ]);
  });

  test.each(["8_443", '"8,443"'])("the port %s", (text) => {
    expect(listProblems(`ports: { https: ${text} }`)).toEqual([
      expect.stringMatching(
        /^ports\.https: is text where a number belongs \(got ".*"\), did you mean 8443\? allowed is/,
      ),
    ]);
  });

  test.each([
    ["domain: ${DOMAIN}", "domain", '"${DOMAIN}"'],
    ['ports: { http: "${PORT}" }', "ports.http", '"${PORT}"'],
    ['domain: "{{ domain }}"', "domain", '"{{ domain }}"'],
  ])("the placeholder of %s", (file, path, got) => {
    expect(listProblems(file)).toEqual([
      expect.stringContaining(
        `${path}: holds a placeholder, and slipway fills in none (got ${got}), write the value itself; allowed is`,
      ),
    ]);
  });

  test.each([
    ["18080,18443", ""],
    ["443/tcp", "did you mean 443? "],
    [":443", "did you mean 443? "],
    ["127.0.0.1:8443:443/tcp", "did you mean 8443? "],
    ["70_000", ""],
  ])("the port %s, with no advice that would be refused, too", (text, advice) => {
    expect(listProblems(`ports: { https: "${text}" }`)).toEqual([
      `ports.https: is text where a number belongs (got "${text}"), ${advice}allowed is a whole number from 1 to 65535${place(1, 17)}`,
    ]);
  });

  test.each([
    ["tls: { mode: selfsigned }", "tls.mode", "self-signed"],
    ["casdoor: { mode: Off }", "casdoor.mode", "off"],
    ["casdoor: { mode: false }", "casdoor.mode", "off"],
    ["redis: { mode: true }", "redis.mode", "embedded"],
    ["images: { pullPolicy: Always }", "images.pullPolicy", "always"],
    ["images: { pullPolicy: IfNotPresent }", "images.pullPolicy", "missing"],
  ])("the choice of %s", (file, path, meant) => {
    expect(listProblems(file)).toEqual([
      expect.stringMatching(new RegExp(`^${path}: is not allowed \\(got .*\\), did you mean ${meant}\\? allowed is`)),
    ]);
  });

  test.each([
    ["tls: off", "did you mean tls.mode: off? "],
    ["casdoor: false", "did you mean casdoor.mode: off? "],
    ["postgres: { storage: 50Gi }", "write it as postgres.storage.size; "],
    ["tls: true", ""],
    ["logging: x", ""],
  ])("a word where a section belongs: %s", (file, advice) => {
    expect(listProblems(file)).toEqual([
      expect.stringMatching(
        new RegExp(`: is of the wrong kind \\(got [^)]*\\), ${advice.replace("?", "\\?")}allowed is`),
      ),
    ]);
  });

  test.each(["$(DOMAIN)", "<your-domain>", "%DOMAIN%", "@DOMAIN@", "__DOMAIN__", "#{domain}", "$DOMAIN.corp"])(
    "the placeholder %s for a domain",
    (text) => {
      expect(listProblems(`domain: "${text}"`)).toEqual([
        expect.stringMatching(/^domain: holds a placeholder, and slipway fills in none/),
      ]);
    },
  );

  test.each(["$PGPASSWORD", "{{ pw }}", "$(cat pw)", "<password>", "%PW%", "__PW__"])(
    "the placeholder %s as a password",
    (text) => {
      expect(listProblems(`redis: { mode: external, external: { host: r.example, password: "${text}" } }`)).toEqual([
        expect.stringMatching(/^redis\.external\.password: is a placeholder, .* \(the value is not shown\)/),
      ]);
    },
  );

  test.each(["$ecret", "p$1", "a<b>c", "100%SAFE%", "$A"])("the password %s is one", (text) => {
    expect(listProblems(`redis: { mode: external, external: { host: r.example, password: "${text}" } }`)).toEqual([]);
  });

  test("a placeholder as a password would become the password", () => {
    const file = 'redis: { mode: external, external: { host: r.example, password: "${PASSWORD}" } }';

    expectProblem(
      file,
      `redis.external.password: is a placeholder, and slipway fills in none (the value is not shown), write the value itself, or its file with redis.external.passwordFile${place(1, 65)}`,
    );
    expect(listProblems('redis: { extraEnv: { A: "${B}" } }')).toEqual([]);
    expect(listProblems(file.replace("${PASSWORD}", "a${b}$c"))).toEqual([]);
  });

  test.each([
    ["postgres", "has neither a tag nor a digest"],
    ["harbor.corp:5000/a/postgres", "has neither a tag nor a digest"],
    ["https://harbor.corp/a:1", "is a URL, an image reference has no scheme"],
    ["harbor.corp/a/Postgres:17", "has upper-case letters in its name"],
    ["a:", "is not allowed"],
    ["a@sha256:123", "is not allowed"],
    ["a b:1", "is not allowed"],
  ])("the image %s", (text, reason) => {
    expectProblem(`redis: { image: "${text}" }`, `redis.image: ${reason} (got "${text}"), ${image}${place(1, 17)}`);
  });

  test.each([
    "postgres:17.6",
    "harbor.corp:5000/a/b/postgres:17.6",
    `postgres@sha256:${"a".repeat(64)}`,
    `postgres:17@sha256:${"a".repeat(64)}`,
    "localhost:5000/a__b/c--d:v1_2-3",
    "",
  ])("the image %j is accepted", (text) => {
    expect(listProblems(`redis: { image: "${text}" }`)).toEqual([]);
  });

  test.each([
    ["https://db", "is a URL and not only a host name", "did you mean db? "],
    ["db:5432", "has a port, which has a key of its own", "did you mean db? "],
    ["fe80::1", "is an IPv6 address, which is not supported here, use a name that resolves to it"],
    ["db host", 'has the label "db host", which no host name can have'],
  ])("the host %s", (text, reason, advice = "") => {
    expectProblem(
      `temporal: { mode: external, external: { host: "${text}" } }`,
      `temporal.external.host: ${reason} (got "${text}"), ${advice}allowed is a host name or an IPv4 address, without port and scheme${place(1, 47)}`,
    );
  });

  test("a text of many lines is cut and stands on one line", () => {
    const [problem] = listProblems(`edition: "${"long\\n".repeat(50)}"`);

    expect(problem).toBe(
      `edition: is not allowed (got "${"long\\n".repeat(9)}long\\... (302 characters)), allowed is ce, ee or saas${place(1, 10)}`,
    );
  });
});

describe("keys of other products", () => {
  test.each([
    ["casdoor: { enabled: false }", "casdoor.enabled", "use mode: off leaves the component out, embedded runs it"],
    ["redis: { enabled: true }", "redis.enabled", "use mode, which is embedded or external"],
    [
      "postgres: { resources: { limits: { memory: 1Gi } } }",
      "postgres.resources.limits",
      "cpus and memory stand directly below resources: postgres.resources.memory",
    ],
    ["postgres: { resources: { cpu: 1 } }", "postgres.resources.cpu", "did you mean cpus?"],
    ["postgres: { memory: 1Gi }", "postgres.memory", "did you mean resources.memory?"],
    ["postgres: { persistence: { size: 1Gi } }", "postgres.persistence", "did you mean storage.size?"],
    ["postgres: { host: db }", "postgres.host", "did you mean external.host?"],
    [
      "postgres: { password: x }",
      "postgres.password",
      "that of a service elsewhere is external.adminPassword; the one here is made by slipway",
    ],
    ["postgres: { replicaCount: 1 }", "postgres.replicaCount", "did you mean replicas?"],
    ["hostname: ai.corp.example", "hostname", "did you mean domain?"],
    ["http: 80", "http", "did you mean ports.http?"],
    ["certFile: /a", "certFile", "did you mean tls.certFile?"],
    ["TZ: UTC", "TZ", "did you mean timezone?"],
    [
      "httpProxy: http://proxy:3128",
      "httpProxy",
      "a proxy is no value: HTTP_PROXY, HTTPS_PROXY and NO_PROXY of the environment that slipway runs in are used",
    ],
    ["ingress: { enabled: true }", "ingress", "people reach the platform by domain, ports and tls"],
  ])("%s", (file, path, advice) => {
    expect(listProblems(file)).toEqual([expect.stringContaining(`${path}: unknown key, ${advice} [my.yaml:`)]);
  });

  test("a key with dots is told to be written as nested keys", () => {
    expectProblem(
      '"postgres.mode": external',
      `["postgres.mode"]: unknown key, a key with dots is one key, write postgres: { mode: … }${place(1, 1)}`,
    );
  });

  test("an image in two parts is told to be one text", () => {
    expect(listProblems("redis: { image: { repository: a/b, tag: 1 } }")).toEqual([
      expect.stringMatching(
        /^redis\.image: is of the wrong kind \(got a map\), write repository:tag as one text; allowed is/,
      ),
    ]);
  });
});

describe("several problems", () => {
  test("are all listed, also when one of them is in the same section", () => {
    const problems = listProblems(
      "domian: x\nedition: xx\nredis: { replicas: 0, mode: off }\ntemporal: { historyShards: 3 }",
    );

    expect(problems.map((problem) => problem.split(":")[0])).toEqual([
      "domian",
      "edition",
      "redis.replicas",
      "redis.mode",
      "temporal.historyShards",
    ]);
  });

  test("do not include rules that read a value of the wrong kind", () => {
    expect(listProblems("postgres: { sharedBuffers: 9Gi, resources: { memory: 5 } }")).toEqual([
      expect.stringMatching(/^postgres\.resources\.memory: is a number without a unit/),
    ]);
  });

  test("are counted beyond the first fifty", () => {
    const file = Array.from({ length: 80 }, (_, index) => `unknown${index}: 1`).join("\n");

    const problems = listProblems(file);

    expect(problems).toHaveLength(51);
    expect(problems.at(-1)).toBe("(root): and 30 more problems");
  });

  test("carry exit code name and path, file, line and column as fields", () => {
    let caught: unknown;
    try {
      loadValues({ defaults: defaultsText, files: [{ name: "my.yaml", text: "\ndomain: A" }] }, valuesSections());
    } catch (error) {
      caught = error;
    }

    expect(caught).toBeInstanceOf(ValuesError);
    expect(caught).toMatchObject({
      code: "VALUES_INVALID",
      message: "the values have 1 problem",
      issues: [{ path: "domain", file: "my.yaml", line: 2, column: 9 }],
    });
  });

  test("of a --set name --set", () => {
    expect(listProblems("", ["postgress.mode=external", "redis.replicas=x"])).toEqual([
      "postgress: unknown key, did you mean postgres? [--set]",
      'redis.replicas: is text where a number belongs (got "x"), allowed is a whole number from 1 to 64 [--set]',
    ]);
  });

  test("of several texts that cannot be read are listed together", () => {
    const files = [
      { name: "one.yaml", text: "a: [" },
      { name: "two.yaml", text: "a: 1\na: 2" },
    ];
    let caught: unknown;
    try {
      loadValues({ defaults: defaultsText, files, sets: ["x"] }, valuesSections());
    } catch (error) {
      caught = error;
    }

    expect((caught as ValuesError).issues.map(({ file }) => file)).toEqual(["one.yaml", "two.yaml", "--set"]);
  });

  test("of incomplete defaults are missing keys", () => {
    const incomplete = { name: "values.yaml", text: "edition: ce" };

    expect(() => loadValues({ defaults: incomplete }, valuesSections())).toThrow(
      expect.objectContaining({ details: expect.arrayContaining(["postgres: is missing"]) as unknown }),
    );
  });
});

describe("secrets", () => {
  test.each([
    "postgres: { external: { adminPassword: [hunter2] } }",
    `postgres: { external: { adminPassword: "${"hunter2".repeat(200)}" } }`,
    "postgres: { external: { adminPasswordFile: hunter2 } }",
    "postgres: { external: { pasword: hunter2 } }",
    "objectStore: { external: { endpoint: 'https://me:hunter2@s3.corp.example' } }",
    "objectStore: { external: { accessKey: 'hunter2 hunter2' } }",
    "redis: { extraEnv: { A: [hunter2] } }",
    "tls: { keyFile: hunter2 }",
    "redis: { external: { password: 'hunter2' x } }",
    'redis: { external: { password: "hunter2\\q" } }',
    "redis:\n  external:\n    password: @hunter2",
    "redis:\n  external:\n    password: hunter2\n   x: hunter2: hunter2",
    "redis: { external: { password: *hunter2 } }",
    "redis: { external: { password: !hunter2 x } }",
    "%hunter2 x\n---\na: 1",
  ])("are not repeated by the message about %j", (file) => {
    const problems = listProblems(file);

    expect(problems).not.toEqual([]);
    expect(problems.join("\n")).not.toContain("hunter2");
  });

  test("given as a number are refused without being shown", () => {
    expectProblem(
      "redis: { external: { password: 778899 } }",
      `redis.external.password: is a number and not text (got a number), put it in quotes; allowed is text${place(1, 32)}`,
    );
  });
});
