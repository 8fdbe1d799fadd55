/** XXH64 with seed 0, of short texts: what Envoy shows of a version. The hot path has one of its own in C++. */
const mask = (1n << 64n) - 1n;
const p1 = 0x9e3779b185ebca87n;
const p2 = 0xc2b2ae3d27d4eb4fn;
const p3 = 0x165667b19e3779f9n;
const p4 = 0x85ebca77c2b2ae63n;
const p5 = 0x27d4eb2f165667c5n;

const times = (a: bigint, b: bigint) => (a * b) & mask;
const rotate = (x: bigint, by: bigint) => ((x << by) | (x >> (64n - by))) & mask;
const round = (lane: bigint, input: bigint) => times(rotate((lane + times(input, p2)) & mask, 31n), p1);

function lanes(bytes: Buffer): bigint {
  let lane = [(p1 + p2) & mask, p2, 0n, (mask + 1n - p1) & mask];
  for (let at = 0; at + 32 <= bytes.length; at += 32) {
    lane = lane.map((value, i) => round(value, bytes.readBigUInt64LE(at + 8 * i)));
  }
  const [a = 0n, b = 0n, c = 0n, d = 0n] = lane;
  let hash = (rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n)) & mask;
  for (const value of lane) hash = (times(hash ^ round(0n, value), p1) + p4) & mask;
  return hash;
}

export function xxHash64(text: string): bigint {
  const bytes = Buffer.from(text);
  let hash = bytes.length >= 32 ? lanes(bytes) : p5;
  hash = (hash + BigInt(bytes.length)) & mask;
  let at = bytes.length - (bytes.length % 32);
  for (; at + 8 <= bytes.length; at += 8) {
    hash = (times(rotate(hash ^ round(0n, bytes.readBigUInt64LE(at)), 27n), p1) + p4) & mask;
  }
  for (; at + 4 <= bytes.length; at += 4) {
    hash = (times(rotate(hash ^ times(BigInt(bytes.readUInt32LE(at)), p1), 23n), p2) + p3) & mask;
  }
  for (; at < bytes.length; at++) hash = times(rotate(hash ^ times(BigInt(bytes[at] ?? 0), p5), 11n), p1);
  hash = times(hash ^ (hash >> 33n), p2);
  hash = times(hash ^ (hash >> 29n), p3);
  return hash ^ (hash >> 32n);
}
