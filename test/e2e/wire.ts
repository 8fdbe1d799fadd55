/** One end of a raw connection, for tests that decide about every byte: what came, what ended, and how. */
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from "node:net";
import type { TestContext } from "node:test";

export type Message = {
  /** Start line and fields, without the empty line. */
  readonly head: string;
  /** First of each name, in lower case. */
  readonly fields: ReadonlyMap<string, string>;
  /** Decoded; what came, when the connection ended before it was whole. */
  readonly body: string;
};
export type Response = Message & { readonly status: number };

/** How a connection ended: orderly, or with a reset. */
export type End = "end" | "reset";

const wait_ms = 10_000;

export class Wire {
  readonly socket: Socket;
  /** What has come and was not taken; bytes as latin1. */
  received = "";
  /** All bytes that ever came. */
  receivedBytes = 0;
  readonly ended: Promise<End>;
  #end: End | undefined;
  #wake: (() => void)[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (data) => {
      this.receivedBytes += data.length;
      this.received += data.toString("latin1");
      this.#notify();
    });
    this.ended = new Promise((resolve) => {
      const finish = (end: End) => {
        this.#end ??= end;
        resolve(this.#end);
        this.#notify();
      };
      socket.on("end", () => finish("end"));
      socket.on("error", () => finish("reset"));
      socket.on("close", () => finish("end"));
    });
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  send(text: string | Buffer): this {
    this.socket.write(typeof text === "string" ? Buffer.from(text, "latin1") : text);
    return this;
  }

  /** Each byte in a packet of its own, as far as the kernel lets us. */
  async sendByByte(text: string): Promise<void> {
    for (const byte of Buffer.from(text, "latin1")) {
      await new Promise((resolve) => this.socket.write(Buffer.from([byte]), resolve));
      await new Promise(setImmediate);
    }
  }

  /** Ends our side; the other may go on. */
  finish(): this {
    this.socket.end();
    return this;
  }
  reset(): this {
    // Only TCP knows a reset; elsewhere the end is as abrupt as it can be.
    if (this.socket.remoteAddress === undefined) this.socket.destroy();
    else this.socket.resetAndDestroy();
    return this;
  }
  close(): this {
    this.socket.destroy();
    return this;
  }

  /** Waits until `ready` has an answer; a connection that ended first, or silence, is an error with what came. */
  async until<T>(ready: (received: string, ended: boolean) => T | undefined): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<"silence">((resolve) => {
      timer = setTimeout(resolve, wait_ms, "silence");
    });
    try {
      for (;;) {
        const ended = this.#end !== undefined;
        const value = ready(this.received, ended);
        if (value !== undefined) return value;
        const came = JSON.stringify(this.received.slice(0, 400));
        if (ended) throw new Error(`ended (${this.#end}) after ${came}`);
        const woken = new Promise<void>((resolve) => this.#wake.push(resolve));
        if ((await Promise.race([woken, silence])) === "silence") throw new Error(`silence after ${came}`);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  take(bytes: number): string {
    const taken = this.received.slice(0, bytes);
    this.received = this.received.slice(bytes);
    return taken;
  }
  /** Waits for `bytes` more bytes and takes them. */
  async read(bytes: number): Promise<string> {
    await this.until((received) => received.length >= bytes || undefined);
    return this.take(bytes);
  }

  /** Takes a head up to its empty line. */
  async head(): Promise<{ head: string; fields: Map<string, string> }> {
    const at = await this.until((received) => {
      const found = received.indexOf("\r\n\r\n");
      return found < 0 ? undefined : found;
    });
    const head = this.take(at + 4).slice(0, -4);
    const fields = new Map<string, string>();
    for (const line of head.split("\r\n").slice(1)) {
      const colon = line.indexOf(":");
      const name = line.slice(0, colon).toLowerCase();
      if (!fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
    }
    return { head, fields };
  }

  /** Takes one whole request. */
  async request(): Promise<Message> {
    const { head, fields } = await this.head();
    return { head, fields, body: await this.#body(fields, false) };
  }

  /** Takes one whole response, interim ones not skipped. `bodiless`: it answers HEAD. */
  async response(bodiless = false): Promise<Response> {
    const { head, fields } = await this.head();
    const status = Number(head.slice(9, 12));
    const none = bodiless || status < 200 || status === 204 || status === 304;
    return { head, fields, status, body: none ? "" : await this.#body(fields, true) };
  }

  async #body(fields: ReadonlyMap<string, string>, untilEnd: boolean): Promise<string> {
    if (fields.get("transfer-encoding") === "chunked") return this.#chunks();
    const length = fields.get("content-length");
    if (length !== undefined) return this.read(Number(length));
    if (!untilEnd) return "";
    await this.until((_, ended) => ended || undefined);
    return this.take(this.received.length);
  }

  async #chunks(): Promise<string> {
    const body: string[] = [];
    for (;;) {
      const at = await this.until((received) => {
        const found = received.indexOf("\r\n");
        return found < 0 ? undefined : found;
      });
      const size = Number.parseInt(this.take(at + 2), 16);
      if (size > 0) {
        body.push(await this.read(size));
        await this.read(2);
        continue;
      }
      for (let line = "x"; line !== ""; ) {
        const end = await this.until((received) => {
          const found = received.indexOf("\r\n");
          return found < 0 ? undefined : found;
        });
        line = this.take(end + 2).slice(0, -2);
      }
      return body.join("");
    }
  }
}

/** Connects to a port of this machine, or to a Unix socket. */
export async function dial(to: number | string | NetConnectOpts): Promise<Wire> {
  const where = typeof to === "number" ? { host: "127.0.0.1", port: to } : to;
  const options = typeof where === "string" ? { path: where } : where;
  const socket = connect({ ...options, allowHalfOpen: true } as NetConnectOpts);
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return new Wire(socket);
}

/** A server whose every connection runs a script. */
export class Upstream {
  readonly #server;
  readonly wires: Wire[] = [];
  #wake: (() => void)[] = [];
  failure: unknown;

  constructor(script: (wire: Wire, index: number) => unknown) {
    this.#server = createServer({ allowHalfOpen: true }, async (socket) => {
      const wire = new Wire(socket);
      const index = this.wires.push(wire) - 1;
      for (const wake of this.#wake.splice(0)) wake();
      try {
        await script(wire, index);
      } catch (error) {
        if (!wire.hasEnded) this.failure ??= error;
        wire.close(); // or a connection that nobody reads would swallow the next request
      }
    });
  }
  async listen(where: number | string = 0): Promise<this> {
    const options = typeof where === "number" ? { host: "127.0.0.1", port: where } : { path: where };
    await new Promise<void>((resolve) => this.#server.listen(options, resolve));
    return this;
  }
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }
  /** The n-th connection, once it is there. */
  async wire(index: number): Promise<Wire> {
    while (this.wires.length <= index) await new Promise<void>((resolve) => this.#wake.push(resolve));
    return this.wires[index]!;
  }
  async close(): Promise<void> {
    for (const wire of this.wires) wire.close();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** An upstream on a free port; it ends with the test. */
export function upstream(t: TestContext, script: (wire: Wire, index: number) => unknown): Promise<Upstream> {
  const up = new Upstream(script);
  t.after(() => up.close());
  return up.listen();
}

/** Answers each request with its start line and body. */
export async function echo(wire: Wire): Promise<void> {
  for (;;) {
    if (wire.hasEnded && wire.received === "") return;
    const { head, body } = await wire.request();
    const text = `${head.split(" HTTP/")[0]} ${body}`;
    wire.send(`HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
  }
}
