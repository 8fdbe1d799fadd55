/** Files as configuration names them: read once, so that a pipe will do, and never without a bound. */
import { closeSync, openSync, readSync } from "node:fs";

const CHUNK_BYTES = 1 << 20;

/** @throws Error when the file cannot be read, or holds more than `bytesMax` */
export function readBounded(path: string, bytesMax: number): Buffer {
  const file = openSync(path, "r");
  try {
    const chunks: Buffer[] = [];
    for (let total = 0; ; ) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const length = readSync(file, chunk, 0, CHUNK_BYTES, null);
      if (length === 0) return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, length));
      total += length;
      if (total > bytesMax) throw new Error(`it is larger than ${bytesMax} bytes`);
    }
  } finally {
    closeSync(file);
  }
}
