import { describe, expect, test } from "vitest";
import { readProxies } from "./proxies.ts";

const proxy = "http://me:s3cret@proxy.corp:3128";

function goesThrough(noProxy: string, url: string): boolean {
  return readProxies({ HTTPS_PROXY: proxy, HTTP_PROXY: proxy, NO_PROXY: noProxy })(new URL(url)) !== undefined;
}

describe("NO_PROXY", () => {
  test.each([
    ["10.0.0.0/8", "https://10.1.2.3:5000/", "https://11.1.2.3/"],
    ["10.1.2.3/32", "https://10.1.2.3/", "https://10.1.2.4/"],
    ["192.168.0.0/16,10.0.0.0/8", "http://10.1.2.3/", "http://172.16.0.1/"],
    ["fd00::/8", "https://[fd12::1]:5000/", "https://[2001:db8::1]/"],
    ["10.0.0.0/8", "https://[::ffff:10.1.2.3]/", "https://10.corp/"],
    ["10.1.2.3", "https://10.1.2.3:8443/", "https://10.1.2.30/"],
    ["[fd12::1]", "https://[fd12:0::1]/", "https://[fd12::2]/"],
    ["fd12::1", "https://[fd12::1]:5000/", "https://[fd12::2]/"],
    ["[fd12::1]:5000", "https://[fd12::1]:5000/", "https://[fd12::1]:5001/"],
    ["registry.corp", "https://registry.corp:5000/", "https://registry.corp.example/"],
    ["corp", "https://registry.corp/", "https://registrycorp/"],
    [".corp", "https://registry.corp/", "https://corp/"],
    ["*.corp", "https://a.registry.corp/", "https://corp/"],
    ["registry.corp:5000", "https://registry.corp:5000/", "https://registry.corp/"],
    ["registry.corp:443", "https://registry.corp/", "http://registry.corp/"],
    [".corp:5000", "http://a.corp:5000/", "http://a.corp:5001/"],
    ["Registry.CORP.", "https://registry.corp./", "https://elsewhere.corp/"],
    ["a.corp b.corp , c.corp", "https://b.corp/", "https://d.corp/"],
    ["a,c.corp", "https://c.corp/", "https://ac.corp/"],
  ])("%s has a direct way to %s, and none to %s", (noProxy, direct, through) => {
    expect(goesThrough(noProxy, direct)).toBe(false);
    expect(goesThrough(noProxy, through)).toBe(true);
  });

  test("* is everything, in a list too", () => {
    expect(goesThrough("*", "https://registry.example/")).toBe(false);
    expect(goesThrough("a.corp, *", "https://registry.example/")).toBe(false);
  });

  test.each(["10.0.0.0/33", "10.0.0.0/x", "10.0.0/8", "/8", ".", "*.", "fd00::/129", "", " , "])(
    "%j, which is no entry, matches nothing",
    (noProxy) => {
      expect(goesThrough(noProxy, "https://10.1.2.3/")).toBe(true);
      expect(goesThrough(noProxy, "https://registry.corp/")).toBe(true);
    },
  );

  test("in small letters wins", () => {
    const choose = readProxies({ https_proxy: proxy, NO_PROXY: "*", no_proxy: "a.corp" });

    expect(choose(new URL("https://a.corp/"))).toBeUndefined();
    expect(choose(new URL("https://b.corp/"))).toBeDefined();
  });
});

test.each([
  "http://localhost:5000/",
  "https://LOCALHOST/",
  "https://registry.localhost/",
  "https://127.0.0.1/",
  "http://127.8.9.10:5000/",
  "https://[::1]:5000/",
  "https://[::ffff:127.0.0.1]/",
])("%s is this machine, and reached without a proxy", (url) => {
  expect(goesThrough("", url)).toBe(false);
});

describe("the proxy itself", () => {
  const choose = (environment: Readonly<Record<string, string>>, url: string) => readProxies(environment)(new URL(url));

  test.each([
    ["https://registry.example/", { HTTPS_PROXY: proxy, HTTP_PROXY: "http://other:1" }, "HTTPS_PROXY"],
    ["https://registry.example/", { HTTPS_PROXY: "http://other:1", https_proxy: proxy }, "https_proxy"],
    ["https://registry.example/", { HTTPS_PROXY: proxy, https_proxy: "" }, "HTTPS_PROXY"],
    ["http://registry.example/", { HTTPS_PROXY: "http://other:1", HTTP_PROXY: proxy }, "HTTP_PROXY"],
  ])("for %s of %j is that of %s", (url, environment, variable) => {
    expect(choose(environment as Readonly<Record<string, string>>, url)).toEqual({
      href: `${proxy}/`,
      host: "proxy.corp:3128",
      variable,
    });
  });

  test("may stand without a scheme, and has the usual port where it names none", () => {
    expect(choose({ HTTPS_PROXY: "proxy.corp:3128" }, "https://a.example/")?.href).toBe("http://proxy.corp:3128/");
    expect(choose({ HTTPS_PROXY: "me:pw@proxy.corp" }, "https://a.example/")).toMatchObject({
      href: "http://me:pw@proxy.corp/",
      host: "proxy.corp:80",
    });
    expect(choose({ HTTPS_PROXY: "https://proxy.corp" }, "https://a.example/")?.host).toBe("proxy.corp:443");
  });

  test.each([
    ["socks5://me:s3cret@proxy.corp:1080", /socks5.*not supported/],
    ["http://me:s3cret@:3128", /not an address/],
    ["http://proxy corp", /not an address/],
    ["http://me:s3cret%@proxy.corp:3128", /%/],
  ])("%s cannot be used, and is not passed over in silence", (address, problem) => {
    const found = choose({ HTTPS_PROXY: address }, "https://a.example/");

    expect(found).toMatchObject({ variable: "HTTPS_PROXY", problem: expect.stringMatching(problem) as string });
    expect(`${found?.problem ?? ""}${found?.host ?? ""}`).not.toContain("s3cret");
  });

  test("is not there where nothing names one", () => {
    expect(choose({}, "https://a.example/")).toBeUndefined();
    expect(choose({ HTTP_PROXY: proxy }, "https://a.example/")).toBeUndefined();
  });
});
