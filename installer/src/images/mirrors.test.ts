import { describe, expect, test } from "vitest";
import type { RunResult } from "../platform/ports.ts";
import {
  hostsOf,
  type MachineConfigurationPorts,
  mirrorHosts,
  needsHostNetwork,
  readMachineConfiguration,
} from "./mirrors.ts";

function machine(
  files: Readonly<Record<string, string>>,
  programs: Readonly<Record<string, string>> = {},
  environment: Readonly<Record<string, string>> = {},
): MachineConfigurationPorts {
  return {
    environment: { HOME: "/home/u", ...environment },
    files: {
      readTextIfPresent: (path) => Promise.resolve(files[path]),
      exists: (path) =>
        Promise.resolve(Object.keys(files).some((file) => file === path || file.startsWith(`${path}/`))),
      list: (path) =>
        Promise.resolve(
          Object.keys(files)
            .filter((file) => file.startsWith(`${path}/`))
            .map((file) => file.slice(path.length + 1)),
        ),
    },
    exec: {
      run(command): Promise<RunResult> {
        const stdout = programs[command];
        if (stdout === undefined) return Promise.reject(new Error(`${command} is not installed`));
        return Promise.resolve({ exitCode: 0, stdout, stderr: "" });
      },
    },
  };
}

describe("readMachineConfiguration", () => {
  test("finds nothing on a machine that has nothing", async () => {
    expect(await readMachineConfiguration(machine({}))).toEqual({ aptSettings: "", proxies: {} });
  });

  test("finds the Debian mirror among one-line and deb822 files", async () => {
    const ports = machine({
      "/etc/apt/sources.list": "deb http://a.example/debian bookworm main\n",
      "/etc/apt/sources.list.d/vendor.list": "deb http://v.example/x bookworm stable\n",
      "/etc/apt/sources.list.d/security.sources":
        "Types: deb\nURIs: http://s.example/sec\nSuites: bookworm-security\nComponents: main\n",
      "/etc/apt/sources.list.d/old.sources.bak": "Types: deb\nURIs: http://z.example/\nSuites: sid\nComponents: main\n",
    });

    expect((await readMachineConfiguration(ports)).debian).toEqual({
      main: "http://a.example/debian",
      security: "http://s.example/sec",
    });
  });

  test("prefers a mirror named in the environment", async () => {
    const ports = machine(
      { "/etc/apt/sources.list": "deb http://a.example/debian bookworm main\n" },
      {},
      { SLIPWAY_DEBIAN_MIRROR: "http://given.example/debian" },
    );

    expect((await readMachineConfiguration(ports)).debian?.main).toBe("http://given.example/debian");
  });

  test("takes of apt's settings those that decide whether a mirror is reached", async () => {
    const dump = [
      'APT::Install-Recommends "true";',
      'Acquire::http::Proxy "http://proxy.example:3142";',
      'Acquire::https::Proxy::direct.example "DIRECT";',
      'Acquire::Check-Valid-Until "false";',
      'Acquire::Languages "";',
      'DPkg::Post-Invoke:: "rm -rf /";',
    ].join("\n");

    expect((await readMachineConfiguration(machine({}, { "apt-config": dump }))).aptSettings).toBe(
      'Acquire::http::Proxy "http://proxy.example:3142";\nAcquire::https::Proxy::direct.example "DIRECT";\nAcquire::Check-Valid-Until "false";\n',
    );
  });

  test("asks the Go command, and hands over only the logins of its proxies", async () => {
    const go = JSON.stringify({
      GOPROXY: "https://go.example/p,direct",
      GOSUMDB: "off",
      GOPRIVATE: "",
      GOAUTH: "git x",
    });
    const ports = machine(
      { "/home/u/.netrc": "machine go.example login a password b\nmachine other.example login c password d\n" },
      { go },
    );

    const { goSettings, goLogins } = await readMachineConfiguration(ports);

    expect(goSettings).toBe("GOPROXY=https://go.example/p,direct\nGOSUMDB=off\n");
    expect(goLogins).toBe("machine go.example\nlogin a\npassword b\n");
  });

  test("reads Go's file and environment where there is no Go command", async () => {
    const ports = machine(
      { "/home/u/.config/go/env": "GOPROXY=https://file.example\nGOFLAGS=-mod=mod\nGONOSUMDB=a=b\n" },
      {},
      { GOPROXY: "https://environment.example" },
    );

    expect((await readMachineConfiguration(ports)).goSettings).toBe(
      "GOPROXY=https://environment.example\nGONOSUMDB=a=b\n",
    );
  });

  test("finds the CA bundle and the proxies", async () => {
    const ports = machine(
      { "/etc/pki/tls/certs/ca-bundle.crt": "PEM" },
      {},
      { https_proxy: "http://p.example", HTTP_PROXY: "" },
    );

    expect(await readMachineConfiguration(ports)).toMatchObject({
      caBundle: "/etc/pki/tls/certs/ca-bundle.crt",
      proxies: { https_proxy: "http://p.example" },
    });
  });
});

describe("needsHostNetwork", () => {
  test.each([
    [true, 'Acquire::http::Proxy "http://127.0.0.1:3142";\n'],
    [true, 'Acquire::http::Proxy "http://user:pw@localhost:3142/";\n'],
    [false, 'Acquire::http::Proxy "http://localhost.example:3142";\n'],
    [false, ""],
  ])("is %s for %j", (wanted, aptSettings) => {
    expect(needsHostNetwork({ aptSettings, proxies: {} })).toBe(wanted);
  });
});

describe("hosts", () => {
  test("are read from addresses, with login and port", () => {
    expect(hostsOf("https://u:p@a.example:8443/x,http://b.example|direct http://[fd00::1]:1/")).toEqual([
      "[fd00::1]",
      "a.example",
      "b.example",
    ]);
  });

  test("of a configuration include the checksum database, which is written without a scheme", () => {
    const hosts = mirrorHosts({
      aptSettings: "",
      proxies: { HTTP_PROXY: "http://p.example:1" },
      debian: { main: "http://m.example/debian" },
      goSettings: "GOPROXY=https://g.example,direct\nGOSUMDB=sum.example\n",
    });

    expect(hosts.toSorted()).toEqual(["g.example", "m.example", "p.example", "sum.example"]);
  });
});
