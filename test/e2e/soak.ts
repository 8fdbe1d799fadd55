/**
 * Mixed load from clients and upstreams that vanish at every point of the exchange, all decided by one seed.
 * Orderly clients among them check that no answer is ever mixed up with another.
 */

import type { Running } from "./proxy.ts";
import type { Wire } from "./wire.ts";

/** xorshift32: numbers from a seed. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const ends = ["finish", "reset", "close"] as const;

/** Cuts `bytes` anywhere, sends the first part, and ends somehow. */
function breakOff(wire: Wire, bytes: string, random: (below: number) => number): void {
  wire.send(bytes.slice(0, random(bytes.length + 1)));
  wire[ends[random(ends.length)]!]();
}

/** An upstream that echoes the path, or breaks off. One in eight exchanges goes wrong. */
export function faultyUpstream(random: (below: number) => number) {
  return async (wire: Wire): Promise<void> => {
    while (!wire.hasEnded) {
      if (random(16) === 0) return breakOff(wire, "", random);
      const early = random(16) === 0;
      const { head, body } = early ? { ...(await wire.head()), body: "" } : await wire.request();
      const text = `${head.split(" ")[1]} ${body}`.repeat(random(64) === 0 ? 3000 : 1);
      const chunks = `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
      const answer =
        random(2) === 0
          ? `HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`
          : `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunks}`;
      const luck = random(16);
      if (luck === 0) return breakOff(wire, answer, random);
      if (luck === 1) return void wire.send(`${answer}${"\0".repeat(1 + random(9))}`); // one that talks unasked
      if (luck === 2) await new Promise(setImmediate);
      wire.send(answer);
      if (early) return void wire.finish();
    }
  };
}

export type Tally = { exchanges: number; refused: number; broken: number; wrong: string[] };

function requestOf(id: string, random: (below: number) => number): string {
  const body = "b".repeat(random(3) === 0 ? random(5_000) : random(40));
  const head = `POST /${id} HTTP/1.1\r\nHost: t\r\n`;
  switch (random(3)) {
    case 0:
      return `GET /${id} HTTP/1.1\r\nHost: t\r\n\r\n`;
    case 1:
      return `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
    default: {
      const chunk = body === "" ? "" : `${body.length.toString(16)}\r\n${body}\r\n`;
      return `${head}Transfer-Encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`;
    }
  }
}

/** One connection: a few exchanges, one or many in a packet, or an end in the middle of them. */
async function connection(proxy: Running, id: string, random: (below: number) => number, tally: Tally) {
  const wire = await proxy.dial();
  try {
    const vanishes = random(4) === 0;
    for (let round = 0; round < 1 + random(6); round++) {
      const ids = Array.from(
        { length: 1 + random(random(8) === 0 ? 20 : 2) },
        (_, i) => `${id}-${round}-${i}`,
      );
      const packet = ids.map((one) => requestOf(one, random)).join("");
      if (vanishes && random(3) === 0) {
        if (random(2) === 0) wire.socket.pause();
        return breakOff(wire, packet, random);
      }
      wire.send(packet);
      for (const one of ids) {
        const response = await wire.response();
        tally.exchanges += 1;
        if (response.status !== 200) tally.refused += 1;
        else if (!response.body.startsWith(`/${one} `))
          tally.wrong.push(`${one}: ${response.body.slice(0, 80)}`);
        if (response.fields.get("connection") === "close") return;
      }
    }
  } catch (error) {
    if (!wire.hasEnded) tally.wrong.push(`${id}: ${error}`);
    tally.broken += 1;
  } finally {
    wire.close();
  }
}

/** Keeps `clients` busy for `seconds`. */
export async function soak(proxy: Running, seed: number, seconds: number, clients: number): Promise<Tally> {
  const tally: Tally = { exchanges: 0, refused: 0, broken: 0, wrong: [] };
  const until = Date.now() + seconds * 1_000;
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      const random = randomFrom(seed + client * 7919);
      for (let i = 0; Date.now() < until && tally.wrong.length === 0; i++)
        await connection(proxy, `${client}-${i}`, random, tally);
    }),
  );
  return tally;
}
