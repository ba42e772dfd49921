import { Transform } from "node:stream";
import { createZstdDecompress } from "node:zlib";

/**
 * Two streams, one into the other, that unpack zstd of one frame or of many: parallel packers and `zstd:chunked` layers have many. Node's own unpacker takes what
 * is left of a chunk after the end of a frame for rubbish and ends there, so each chunk it is given ends with its frame.
 */
export function createZstdUnpackers(): readonly [Transform, Transform] {
  return [cutAtFrames(), createZstdDecompress()];
}

/** How many bytes come next, and whether a frame ends with them; what is not kept is not looked at. */
interface Stretch {
  readonly bytes: number;
  readonly keep?: boolean;
  readonly ends?: boolean;
}

/** Hands bytes on as they are, in chunks that do not reach over the end of a frame. */
function cutAtFrames(): Transform {
  const frames = walkFrames();
  let stretch = next();
  let left = stretch.bytes;
  let kept: Buffer[] = [];

  function next(seen: Buffer = Buffer.alloc(0)): Stretch {
    const step = frames.next(seen);
    return step.done === true ? rest : step.value;
  }

  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      let cut = 0;
      for (let at = 0; at < chunk.length; ) {
        const end = Math.min(chunk.length, at + left);
        if (stretch.keep === true) kept.push(chunk.subarray(at, end));
        left -= end - at;
        at = end;
        while (left === 0) {
          if (stretch.ends === true && at > cut) {
            this.push(chunk.subarray(cut, at));
            cut = at;
          }
          stretch = next(Buffer.concat(kept));
          left = stretch.bytes;
          kept = [];
        }
      }
      if (cut < chunk.length) this.push(chunk.subarray(cut));
      done();
    },
  });
}

const rest: Stretch = { bytes: Number.POSITIVE_INFINITY };
const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;
const dictionaryBytes = [0, 1, 2, 4];
const sizeBytes = [0, 2, 4, 8];

/** The stretches of frames one after the other: RFC 8878, section 3.1. Ends at what is no frame, which the unpacker refuses. */
function* walkFrames(): Generator<Stretch, void, Buffer> {
  for (;;) {
    const magic = (yield { bytes: 4, keep: true }).readUInt32LE();
    if ((magic & 0xfffffff0) >>> 0 === skippableMagic) {
      const size = (yield { bytes: 4, keep: true }).readUInt32LE();
      yield { bytes: size, ends: true };
      continue;
    }
    if (magic !== frameMagic) return;
    const descriptor = (yield { bytes: 1, keep: true }).readUInt8();
    const single = (descriptor & 0x20) !== 0;
    const sizeFlag = descriptor >> 6;
    const size = sizeFlag === 0 && single ? 1 : (sizeBytes[sizeFlag] ?? 0);
    yield { bytes: (single ? 0 : 1) + (dictionaryBytes[descriptor & 3] ?? 0) + size };
    for (let last = false; !last; ) {
      const header = (yield { bytes: 3, keep: true }).readUIntLE(0, 3);
      last = (header & 1) !== 0;
      // A block of one repeated byte holds that byte alone.
      yield { bytes: ((header >> 1) & 3) === 1 ? 1 : header >> 3 };
    }
    yield { bytes: (descriptor & 4) === 0 ? 0 : 4, ends: true };
  }
}
