/** An HTTP/2 client that sends whatever it is told to. */
import { connect, type Socket } from "node:net";

export type Frame = {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
};

export class Http2Wire {
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.on("close", () => resolve()));
    socket.on("error", () => undefined);
    socket.on("data", (data: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, data]);
    });
  }

  /** Connects and sends the preface and its settings. */
  static async dial(port: number, settings: { initialWindow?: number } = {}): Promise<Http2Wire> {
    const socket = connect(port, "127.0.0.1");
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    const wire = new Http2Wire(socket);
    const window = Buffer.alloc(6);
    window.writeUInt16BE(4);
    window.writeUInt32BE(settings.initialWindow ?? 65_535, 2);
    wire.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").write(wire.frame(4, 0, 0, window));
    return wire;
  }

  frame(type: number, flags: number, stream: number, payload: string | Buffer = ""): Buffer {
    const bytes = typeof payload === "string" ? Buffer.from(payload, "latin1") : payload;
    const header = Buffer.alloc(9);
    header.writeUIntBE(bytes.length, 0, 3);
    header[3] = type;
    header[4] = flags;
    header.writeUInt32BE(stream, 5);
    return Buffer.concat([header, bytes]);
  }
  write(bytes: string | Buffer): this {
    this.#socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
    return this;
  }
  repeat(times: number, frame: Buffer): this {
    return this.write(Buffer.concat(Array<Buffer>(times).fill(frame)));
  }
  /** GET http://t/ with further fields, already encoded. */
  request(stream: number, { end = true, more = "" }: { end?: boolean; more?: string }): this {
    return this.write(this.frame(1, end ? 5 : 4, stream, `\x82\x86\x84\x41\x01t${more}`));
  }
  /** Reads nothing more. */
  pause(): this {
    this.#socket.pause();
    return this;
  }
  close(): void {
    this.#socket.destroy();
  }
  /** The frames of one type that have come. */
  received(type: number): Frame[] {
    const frames: Frame[] = [];
    for (let at = 0; at + 9 <= this.#bytes.length; ) {
      const length = this.#bytes.readUIntBE(at, 3);
      const payload = this.#bytes.subarray(at + 9, at + 9 + length);
      frames.push({
        type: this.#bytes[at + 3] ?? 0,
        flags: this.#bytes[at + 4] ?? 0,
        stream: this.#bytes.readUInt32BE(at + 5),
        payload,
      });
      at += 9 + length;
    }
    return frames.filter((frame) => frame.type === type);
  }
}
