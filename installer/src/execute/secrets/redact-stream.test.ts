import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createRedactingStream } from "./redact-stream.ts";
import { createSecretFinder } from "./redactor.ts";
import { secretForms } from "./secret-forms.ts";
import { createSecretScan } from "./secret-scan.ts";

const secret = 'pa$s "wörd"\\/+&= 9';
const finder = createSecretFinder(new Map([["db", secret]]));

/** Redacts a text that comes in these pieces. */
function redact(pieces: readonly string[], window?: number) {
  const parts: Buffer[] = [];
  const stream = createRedactingStream(finder, (bytes) => parts.push(Buffer.from(bytes)), window);
  for (const piece of pieces) stream.push(Buffer.from(piece, "latin1"));
  stream.end();
  return { text: Buffer.concat(parts).toString("utf8"), redactions: stream.redactions() };
}

/** Bytes written at a time in tests. */
const window = 2000;

/** What stands before and behind a text so that the window ends at each place of it, and beside it. */
function aroundWindow(text: string): readonly (readonly [before: string, after: string])[] {
  const length = Buffer.byteLength(text);
  const after = `\n${"y ".repeat(9000)}\n`;
  return Array.from({ length: length + 4 }, (_, index) => [`${"x ".repeat(window).slice(0, window - index)}\n`, after]);
}

const latin1 = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
const token = `${randomBytes(12).toString("hex")}.x_y`;
const jwt = `eyJ${randomBytes(30).toString("hex")}.eyJ${randomBytes(40).toString("hex")}.${randomBytes(32).toString("hex")}`;
const key = `-----BEGIN RSA PRIVATE KEY-----\n${randomBytes(48).toString("base64")}\n${randomBytes(48).toString("base64")}\n-----END RSA PRIVATE KEY-----`;

/** What stands in a log, and what of it must not be in the archive. */
const shapes: readonly (readonly [kind: string, text: string, gone: string])[] = [
  ["private-key", `it is ${key} here`, key.split("\n")[1] ?? ""],
  ["private-key", `{"key":${JSON.stringify(key)}}`, key.split("\n")[2] ?? ""],
  ["authorization", `Authorization: Basic ${token}`, token],
  ["authorization", `{"Authorization":["Token ${token}"]}`, token],
  ["authorization", `> authorization: ${token} next`, token],
  ["bearer", `sent Bearer ${token} there`, token],
  ["url-password", `postgresql://u:${token}@host:5432/d`, token],
  ["jwt", `token is ${jwt}, good`, jwt],
  ["access-key", "key AKIAIOSFODNN7EXAMPLE used", "AKIAIOSFODNN7EXAMPLE"],
  ["access-key", `hf_${"a1B2".repeat(8)}`, "a1B2a1B2"],
  ["cookie", `Set-Cookie: session=${token}; Path=/`, token],
  ["cookie", `HTTP_COOKIE=sid=${token}`, token],
  ["signed-url", `GET /b/o?X-Amz-Date=1&X-Amz-Signature=${token}&x=1 HTTP/1.1`, token],
  ["signed-url", `"url":"https://h/?access_token=${token}"`, token],
  ["password-field", `dsn host=h password=${token} port=1`, token],
  ["password-field", `{"dbPassword":"${token}","x":1}`, token],
  ["password-field", `aws_secret_access_key = ${token}`, token],
];

describe("secrets that are known", () => {
  it.each(secretForms(secret))("are taken out as $encoding, wherever the pieces end: $text", ({ text }) => {
    const whole = latin1(`before ${text} after`);
    for (let at = 0; at <= whole.length; at += 1) {
      const { text: redacted, redactions } = redact([whole.slice(0, at), whole.slice(at)]);
      expect(redacted).toBe("before [secret db] after");
      expect(redactions).toEqual({ secret: 1 });
    }
  });

  it.each(secretForms(secret))("are taken out as $encoding, wherever a window ends: $text", ({ text }) => {
    for (const [before, after] of aroundWindow(text)) {
      const { text: redacted, redactions } = redact([latin1(`${before}${text}${after}`)], window);
      expect(redacted).toBe(`${before}[secret db]${after}`);
      expect(redactions).toEqual({ secret: 1 });
    }
  });

  it("are gone where they overlap each other", () => {
    const two = createSecretFinder(
      new Map([
        ["one", "abcdefgh"],
        ["two", "efghijkl"],
      ]),
    );
    const parts: Buffer[] = [];
    const stream = createRedactingStream(two, (bytes) => parts.push(Buffer.from(bytes)));
    stream.push(Buffer.from("<abcdefghijkl>"));
    stream.end();

    expect(Buffer.concat(parts).toString()).toBe("<[secret one]>");
  });

  it("are gone where one repeats itself beyond any window", () => {
    const same = createSecretFinder(new Map([["same", "aaaaaaaa"]]));
    const parts: Buffer[] = [];
    const stream = createRedactingStream(same, (bytes) => parts.push(Buffer.from(bytes)), window);
    stream.push(Buffer.from(`<${"a".repeat(40_000)}>`));
    stream.end();

    expect(Buffer.concat(parts).toString()).toBe("<[secret same]>");
    expect(stream.redactions()).toEqual({ secret: 1 });
  });

  it("are not told by the name of another", () => {
    const telling = createSecretFinder(new Map([["postgres-password", "postgres"]]));

    expect(telling.label("postgres-password")).toBe("[secret]");
  });
});

describe("what has the shape of a secret", () => {
  it.each(shapes)("is taken out: %s, %#", (kind, text, gone) => {
    const { text: redacted, redactions } = redact([text]);

    expect(redacted).toContain(`[removed ${kind}]`);
    expect(redacted).not.toContain(gone);
    expect(Object.values(redactions).reduce((sum, count) => sum + count, 0)).toBe(1);
  });

  it.each(shapes)("is taken out wherever a window ends: %s, %#", (kind, text, gone) => {
    for (const [before, after] of aroundWindow(text)) {
      const { text: redacted } = redact([`${before}${text}${after}`], window);
      expect(redacted).toContain(`[removed ${kind}]`);
      expect(redacted).not.toContain(gone);
      expect([redacted.startsWith(before), redacted.endsWith(after)]).toEqual([true, true]);
    }
  });

  it.each([
    "basic authentication is off, and the bearer of this letter knows",
    "see https://example.org:443/a@b and git@example.org:a/b.git",
    "the password must have 8 characters; cookies are fine",
    '{"password":{"kind":"secret","name":"db"},"passwordFile":"/a"}',
    "-----BEGIN CERTIFICATE-----",
  ])("is not what only sounds like it: %s", (text) => {
    expect(redact([text])).toEqual({ text, redactions: {} });
  });
});

describe("the scan", () => {
  it("finds every form of a secret wherever pieces and windows end", () => {
    const forms = secretForms(secret);
    for (const size of [1, 7, 4096, 1_000_000]) {
      const bytes = Buffer.from(forms.map(({ text }) => `${"z".repeat(70_001)}${text}`).join("\n"));
      const found: string[] = [];
      const scan = createSecretScan(finder, ({ encoding, start, end }) => {
        expect(forms.map(({ text }) => text)).toContain(bytes.toString("utf8", start, end));
        found.push(encoding);
      });
      for (let at = 0; at < bytes.length; at += size) scan.push(bytes.subarray(at, at + size));
      scan.end();

      expect(found.length).toBeGreaterThanOrEqual(forms.length);
      expect(new Set(found)).toEqual(new Set(forms.map(({ encoding }) => encoding)));
    }
  });
});
