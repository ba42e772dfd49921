import { describe, expect, test } from "vitest";
import { findDebianMirror, mirrorFromAddress, parseDeb822, parseSourcesList, renderSources } from "./apt-sources.ts";

const deb822 = `# comment
Types: deb
# another comment
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb deb-src
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Enabled: no
Types: deb
URIs: http://disabled.example/debian
Suites: trixie
Components: main
`;

describe("parseSourcesList", () => {
  test("reads entries with and without options, and leaves comments out", () => {
    const text = [
      "# deb http://commented.example/debian trixie main",
      "deb [arch=amd64 signed-by=/k.gpg] https://a.example/debian trixie main contrib # note",
      "deb-src http://b.example/debian trixie main",
      "",
    ].join("\n");

    expect(parseSourcesList(text)).toEqual([
      {
        types: ["deb"],
        uris: ["https://a.example/debian"],
        suites: ["trixie"],
        components: ["main", "contrib"],
        signedBy: "/k.gpg",
      },
      { types: ["deb-src"], uris: ["http://b.example/debian"], suites: ["trixie"], components: ["main"] },
    ]);
  });
});

describe("parseDeb822", () => {
  test("reads paragraphs with several suites and leaves disabled ones out", () => {
    const sources = parseDeb822(deb822);

    expect(sources.map((source) => source.uris)).toEqual([
      ["http://mirror.example/debian"],
      ["http://mirror.example/debian-security"],
    ]);
    expect(sources[0]?.suites).toEqual(["bookworm", "bookworm-updates"]);
  });

  test("joins continued lines", () => {
    const text =
      "Types: deb\nURIs:\n http://a.example/debian\n http://b.example/debian\nSuites: sid\nComponents: main\n";

    expect(parseDeb822(text)[0]?.uris).toEqual(["http://a.example/debian", "http://b.example/debian"]);
  });
});

describe("findDebianMirror", () => {
  test("finds the three parts of the archive, whatever the release", () => {
    expect(findDebianMirror(parseDeb822(deb822))).toEqual({
      main: "http://mirror.example/debian",
      updates: "http://mirror.example/debian",
      security: "http://mirror.example/debian-security",
    });
  });

  test("leaves out what the machine does not have", () => {
    expect(findDebianMirror(parseSourcesList("deb http://m.example/debian trixie main\n"))).toEqual({
      main: "http://m.example/debian",
    });
  });

  test.each([
    ["another archive named after a Debian release", "deb http://vendor.example/apt bookworm stable\n"],
    ["an archive with a key of its own", "deb [signed-by=/k/vendor.gpg] http://vendor.example/apt bookworm main\n"],
    ["a suite that only begins like one", "deb http://vendor.example/apt bookworm-pgdg main\n"],
    ["Ubuntu", "deb http://ubuntu.example/ubuntu noble main universe\n"],
    ["sources alone", "deb-src http://m.example/debian trixie main\n"],
    ["a disc", "deb cdrom:[Debian]/ trixie main\n"],
    ["a folder of this machine, which a build cannot see", "deb file:/srv/debian trixie main\n"],
  ])("does not take %s for it", (_, text) => {
    expect(findDebianMirror(parseSourcesList(text))).toBeUndefined();
  });
});

describe("renderSources", () => {
  test("writes the wanted release in the form apt reads back", () => {
    const mirror = mirrorFromAddress("http://m.example/debian/");

    const sources = parseDeb822(renderSources(mirror, "trixie"));

    expect(sources.map((source) => [source.uris[0], source.suites[0]])).toEqual([
      ["http://m.example/debian", "trixie"],
      ["http://m.example/debian", "trixie-updates"],
      ["http://m.example/debian-security", "trixie-security"],
    ]);
  });

  test("knows no security archive beside an address of another form, unless it is given", () => {
    expect(renderSources(mirrorFromAddress("http://m.example/d"), "trixie")).not.toContain("security");
    expect(renderSources(mirrorFromAddress("http://m.example/d", "http://s.example/s"), "trixie")).toContain(
      "URIs: http://s.example/s\nSuites: trixie-security",
    );
  });
});
