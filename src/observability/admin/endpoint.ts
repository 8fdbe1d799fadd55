// What an admin endpoint is, and what it answers.
import type { AdminContext, Json } from "./context.ts";

export interface Param {
  readonly name: string;
  readonly help: string;
  /** Absent: any text. `flag` is on when it is there. */
  readonly flag?: true;
  readonly choices?: readonly string[];
}

export interface AdminRequest {
  readonly method: string;
  /** From the query, or from a form when there is no query. The first of a name counts. */
  readonly params: ReadonlyMap<string, string>;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Iterable<string>;
}

export interface Endpoint {
  readonly path: string;
  readonly help: string;
  readonly params?: readonly Param[];
  /** It changes something, so only POST is taken. */
  readonly post?: true;
  answer(request: AdminRequest, context: AdminContext): Answer;
}

const textType = "text/plain; charset=UTF-8";

export const text = (body: string | Iterable<string>, status = 200): Answer => ({
  status,
  type: textType,
  body,
});

/** As the protobuf library's printer: indented by one space, with a newline at the end. */
export const json = (value: Json): Answer => ({
  status: 200,
  type: "application/json",
  body: `${JSON.stringify(value, null, 1)}\n`,
});

export const ok = text("OK\n");
