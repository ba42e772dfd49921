import { describe, expect, it } from "vitest";
import { createTarEntries, type TarEntryHeader } from "./tar-entries.ts";
import { formatTarEnd, formatTarHeader, parseTarHeader, tarBlock, tarPadding } from "./tar-header.ts";
import { parsePax, paxRecord } from "./tar-pax.ts";

/** Reads the headers of an archive of empty files. */
function entriesOf(bytes: Buffer): readonly TarEntryHeader[] {
  const entries = createTarEntries();
  const found: TarEntryHeader[] = [];
  for (let at = 0; at < bytes.length; at += tarBlock) {
    const step = entries.header(bytes.subarray(at, at + tarBlock));
    if (step.kind === "end") break;
    if (step.kind === "entry") found.push(step.entry);
    else {
      entries.metadata(bytes.subarray(at + tarBlock, at + tarBlock + step.size));
      at += step.size + tarPadding(step.size);
    }
  }
  return found;
}

/** A header with fields changed and the checksum put right. */
function changed(change: (block: Buffer) => void, name = "file"): Buffer {
  const block = formatTarHeader({ name, size: 0 });
  change(block);
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

describe("formatTarHeader", () => {
  it.each([
    ["a short name", "blobs/sha256/abc", 5],
    ["a name that needs the prefix field", `${"folder/".repeat(20)}file`, 5],
    ["a name no field can hold", "x".repeat(300), 5],
    ["a name that is not ASCII", "文件.txt", 5],
    ["8 GiB and more", "blobs/sha256/abc", 8 * 1024 ** 3],
    ["a large file with a long name", "x".repeat(4096), 9_007_199_254_740_991],
  ])("writes %s so that it is read back", (_title, name, size) => {
    const header = formatTarHeader({ name, size });

    expect(header.length % tarBlock).toBe(0);
    expect(entriesOf(header)).toEqual([{ name, kind: "file", size, linkName: "" }]);
  });

  it("writes the same bytes for the same file, with neither time nor owner", () => {
    const header = formatTarHeader({ name: "install.sh", size: 3, mode: 0o755 });

    expect(header.equals(formatTarHeader({ name: "install.sh", size: 3, mode: 0o755 }))).toBe(true);
    expect(header.toString("latin1", 100, 148)).toBe(
      "0000755\u00000000000\u00000000000\u000000000000003\u000000000000000\0",
    );
  });

  it.each([
    ["", 0],
    ["x".repeat(4097), 0],
    ["file", -1],
    ["file", 1.5],
  ])("refuses the name %j with the size %d", (name, size) => {
    expect(() => formatTarHeader({ name, size })).toThrow(/tar entry/);
  });
});

describe("parseTarHeader", () => {
  it("reads a size in base 256", () => {
    const block = changed((bytes) => {
      bytes.fill(0, 124, 136);
      bytes[124] = 0x80;
      bytes.writeUIntBE(12 * 1024 ** 3, 130, 6);
    });

    expect(parseTarHeader(block).size).toBe(12 * 1024 ** 3);
  });

  it("tells links, devices and folders from files, and that they have no data", () => {
    const kindOf = (type: string): unknown =>
      parseTarHeader(
        changed((bytes) => {
          bytes.write(type, 156, "latin1");
          bytes.write("00000000777", 124, "latin1");
        }),
      );

    expect(kindOf("1")).toMatchObject({ kind: "link", size: 0 });
    expect(kindOf("2")).toMatchObject({ kind: "symlink", size: 0 });
    expect(kindOf("3")).toMatchObject({ kind: "device", size: 0 });
    expect(kindOf("5")).toMatchObject({ kind: "directory", size: 0 });
    expect(kindOf("6")).toMatchObject({ kind: "fifo", size: 0 });
    expect(kindOf("0")).toMatchObject({ kind: "file", size: 0o777 });
    expect(kindOf("S")).toMatchObject({ kind: "other", size: 0o777 });
  });

  it("refuses a block with a flipped bit", () => {
    const block = formatTarHeader({ name: "file", size: 1 });
    block[3] = (block[3] ?? 0) ^ 1;

    expect(() => parseTarHeader(block)).toThrow(/wrong checksum/);
  });

  it("refuses sizes that are not numbers or cannot be counted", () => {
    expect(() => parseTarHeader(changed((bytes) => bytes.write("99999999999", 124, "latin1")))).toThrow(/not a number/);
    expect(() => parseTarHeader(changed((bytes) => bytes.fill(0xff, 124, 136)))).toThrow(/out of bounds/);
    expect(() =>
      parseTarHeader(
        changed((bytes) => {
          bytes[124] = 0x80;
          bytes.fill(0xff, 129, 136);
        }),
      ),
    ).toThrow(/out of bounds/);
  });
});

describe("createTarEntries", () => {
  it("takes a name from GNU tar's long-name header", () => {
    const name = "y".repeat(200);
    const long = changed((bytes) => {
      bytes.write("L", 156, "latin1");
      bytes.write((name.length + 1).toString(8).padStart(11, "0"), 124, "latin1");
    });
    const data = Buffer.alloc(tarBlock);
    data.write(name, 0);

    const found = entriesOf(Buffer.concat([long, data, formatTarHeader({ name: "short", size: 0 }), formatTarEnd()]));

    expect(found.map((entry) => entry.name)).toEqual([name]);
  });

  it("refuses a header longer than is allowed, before it is read", () => {
    const huge = (type: string): Buffer =>
      changed((bytes) => {
        bytes.write(type, 156, "latin1");
        bytes.write("00077777777", 124, "latin1");
      });

    expect(() => createTarEntries().header(huge("x"))).toThrow(/more than is allowed/);
    expect(() => createTarEntries().header(huge("L"))).toThrow(/more than is allowed/);
  });

  it("refuses a chain of headers about one entry", () => {
    const empty = changed((bytes) => bytes.write("x", 156, "latin1"));

    expect(() => entriesOf(Buffer.concat(Array.from({ length: 6 }, () => empty)))).toThrow(/too many headers/);
  });

  it("refuses an end right after a header that announces an entry", () => {
    const empty = changed((bytes) => bytes.write("x", 156, "latin1"));

    expect(() => entriesOf(Buffer.concat([empty, formatTarEnd()]))).toThrow(/announces another entry/);
  });

  it("refuses a global header that gives every entry a name", () => {
    const record = paxRecord("path", "evil");
    const block = changed((bytes) => {
      bytes.write("g", 156, "latin1");
      bytes.write(record.length.toString(8).padStart(11, "0"), 124, "latin1");
    });
    const entries = createTarEntries();
    entries.header(block);

    expect(() => entries.metadata(record)).toThrow(/global header/);
  });

  it("refuses an entry without a name", () => {
    expect(() => createTarEntries().header(changed((bytes) => bytes.fill(0, 0, 100)))).toThrow(/no name/);
  });
});

describe("parsePax", () => {
  it("reads what was written, also where the length counts a digit more because of itself", () => {
    for (let length = 80; length < 120; length += 1) {
      const path = "p".repeat(length);

      expect(parsePax(Buffer.concat([paxRecord("path", path), paxRecord("size", "17")]))).toEqual({ path, size: 17 });
    }
  });

  it.each(["9 path=a", "6 path=a\n", "0 \n", "999 path=a\n", "x path=a\n", "11 size=-1\n", "12 size=1e9\n"])(
    "refuses %j",
    (data) => {
      expect(() => parsePax(Buffer.from(data))).toThrow(/malformed/);
    },
  );
});
