import type { BulkFiles, FileRange, WritableFile } from "../platform/content-ports.ts";

/** Where the bytes of a bundle go: one file, or parts. Offsets are those of the whole. */
export interface Sink {
  write(position: number, bytes: Uint8Array): Promise<void>;
  /** Makes room for everything; fails when the disk has none. */
  reserve(): Promise<void>;
  /** Begins to bring what was written so far to the disk, while more is written; a failure shows in `publish`. */
  flushBehind(): void;
  /**
   * Whether the disk did not take what it was given. That is still in the machine's memory and reads as if it were
   * written, so nothing that is read there counts for a next run.
   */
  lost(): boolean;
  close(): Promise<void>;
  /** Gives the finished files their names. */
  publish(): Promise<void>;
  readonly files: readonly SinkFile[];
}

export interface SinkFile {
  readonly path: string;
  /** Its name until it is whole. */
  readonly partial: string;
  /** Of its first byte in the whole. */
  readonly start: number;
  readonly size: number;
}

export interface SinkRequest {
  readonly output: string;
  readonly size: number;
  /** Absent: one file. */
  readonly partSize?: number;
}

/** Which files a bundle of this size is written to. */
export function planSinkFiles({ output, size, partSize }: SinkRequest): readonly SinkFile[] {
  if (partSize === undefined) return [{ path: output, partial: `${output}.partial`, start: 0, size }];
  const count = Math.max(1, Math.ceil(size / partSize));
  return Array.from({ length: count }, (_, index) => {
    const path = `${output}.part${String(index + 1).padStart(3, "0")}`;
    const start = index * partSize;
    return { path, partial: `${path}.partial`, start, size: Math.min(partSize, size - start) };
  });
}

/** Where bytes of the whole lie in the unfinished files, in order. */
export function spansOf(files: readonly SinkFile[], offset: number, size: number): readonly FileRange[] {
  return files.flatMap((file) => {
    const from = Math.max(offset, file.start);
    const to = Math.min(offset + size, file.start + file.size);
    return from < to ? [{ path: file.partial, start: from - file.start, end: to - file.start }] : [];
  });
}

/** Opens the files for writing, keeping what an interrupted run left in them when `keep`. */
export async function openSink(request: SinkRequest, keep: boolean, bulk: BulkFiles): Promise<Sink> {
  const files = planSinkFiles(request);
  const opened: WritableFile[] = [];
  let flushing: Promise<void> | undefined;
  let failure: Error | undefined;
  // The system tells of a failed flush once: the next flush would succeed.
  const fail = (error: unknown): Error => (failure ??= error instanceof Error ? error : new Error(String(error)));
  const flush = async (): Promise<void> => {
    try {
      for (const file of [...opened]) await file.sync();
    } catch (error) {
      fail(error);
    } finally {
      flushing = undefined;
    }
  };
  const close = async (): Promise<void> => {
    await flushing;
    for (const file of opened.splice(0)) await file.close();
  };
  try {
    for (const { partial } of files) opened.push(await bulk.create(partial, { keep }));
  } catch (error) {
    await close();
    throw error;
  }
  const partSize = request.partSize ?? Infinity;
  return {
    files,
    close,
    async reserve() {
      for (const [index, { size }] of files.entries()) await opened[index]?.reserve(size);
    },
    async write(position, bytes) {
      for (let done = 0; done < bytes.length; ) {
        const index = Math.floor((position + done) / partSize);
        const file = files[index];
        const within = position + done - (file?.start ?? 0);
        const length = Math.min(bytes.length - done, (file?.size ?? 0) - within);
        // An offset outside the files is a defect of the layout; without this it would never end.
        if (length <= 0) throw new RangeError(`nothing is to be written at ${position + done}`);
        await opened[index]?.write(
          within,
          done === 0 && length === bytes.length ? bytes : bytes.subarray(done, done + length),
        );
        done += length;
      }
    },
    lost: () => failure !== undefined,
    flushBehind() {
      flushing ??= flush();
    },
    async publish() {
      await close();
      if (failure !== undefined) throw failure;
      try {
        for (const { partial, path } of files) await bulk.rename(partial, path);
      } catch (error) {
        throw fail(error);
      }
    },
  };
}
