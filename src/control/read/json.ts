/**
 * JSON. `JSON.parse` reads it; only when that fails, or when a position is wanted, this slower parser reads it again. It
 * takes what protobuf's own parser takes beside JSON: single quotes, keys without quotes and a comma before the end.
 */
import type { Place, Source } from "./place.ts";
import { DEPTH_MAX, SyntaxFaults, setKey } from "./syntax.ts";

type Parsed = { readonly value: unknown; readonly place: Place };

const leaf = (offset: number): Place => ({ offset, size: 0, child: () => undefined });

const escapes: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

const space = /[ \t\r\n]*/y;
const word = /[A-Za-z_$][A-Za-z0-9_$.-]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

class JsonParser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Parsed {
    const parsed = this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#fail("more text after the end of the JSON value");
    return parsed;
  }

  #fail(message: string, offset = this.#at): never {
    throw new SyntaxFaults([{ message, offset }]);
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  #space(): void {
    this.#match(space);
  }

  #peek(): string {
    this.#space();
    return this.#text[this.#at] ?? "";
  }

  #value(): Parsed {
    const next = this.#peek();
    const offset = this.#at;
    if (next === "{" || next === "[") return this.#nested(next);
    if (next === '"' || next === "'") return { value: this.#string(), place: leaf(offset) };
    if (next === "") this.#fail("the text ends where a value should be");
    const digits = this.#match(number);
    if (digits !== "") return { value: Number(digits), place: leaf(offset) };
    const name = this.#match(word);
    const constants: Readonly<Record<string, unknown>> = { true: true, false: false, null: null };
    if (name in constants) return { value: constants[name], place: leaf(offset) };
    return this.#fail(`${JSON.stringify(name === "" ? next : name)} is no JSON value`, offset);
  }

  #nested(open: string): Parsed {
    if (++this.#depth > DEPTH_MAX) this.#fail(`nested more than ${DEPTH_MAX} deep`);
    const parsed = open === "{" ? this.#object() : this.#list();
    this.#depth--;
    return parsed;
  }

  #list(): Parsed {
    const offset = this.#at++;
    const value: unknown[] = [];
    const places: Place[] = [];
    while (this.#peek() !== "]") {
      const entry = this.#value();
      value.push(entry.value);
      places.push(entry.place);
      this.#separator("]");
    }
    this.#at++;
    const child = (step: string | number) => {
      const place = typeof step === "number" ? places[step] : undefined;
      return place && { at: place.offset, value: place };
    };
    return { value, place: { offset, size: places.length, child } };
  }

  #object(): Parsed {
    const offset = this.#at++;
    const value: Record<string, unknown> = {};
    const places = new Map<string, { at: number; value: Place }>();
    while (this.#peek() !== "}") {
      const at = this.#at;
      const key = this.#key();
      if (this.#peek() !== ":") this.#fail(`expected a colon after ${JSON.stringify(key)}`);
      this.#at++;
      const entry = this.#value();
      setKey(value, key, entry.value);
      places.set(key, { at, value: entry.place });
      this.#separator("}");
    }
    this.#at++;
    return { value, place: { offset, size: 0, child: (step) => places.get(String(step)) } };
  }

  #key(): string {
    const next = this.#peek();
    if (next === '"' || next === "'") return this.#string();
    const name = this.#match(word);
    if (name === "") this.#fail(next === "" ? "the text ends inside an object" : "expected a key in quotes");
    return name;
  }

  #separator(close: string): void {
    const next = this.#peek();
    if (next === ",") this.#at++;
    else if (next === "") this.#fail(`the text ends before its ${close}`);
    else if (next !== close) this.#fail(`expected a comma or ${close}, found ${JSON.stringify(next)}`);
  }

  #string(): string {
    const start = this.#at;
    const quote = this.#text[this.#at++];
    let value = "";
    for (;;) {
      const next = this.#text[this.#at++];
      if (next === quote) return value;
      if (next === undefined || next === "\n") this.#fail("the quote is not closed", start);
      value += next === "\\" ? this.#escape() : next;
    }
  }

  #escape(): string {
    const next = this.#text[this.#at++] ?? "";
    if (next !== "u") return escapes[next] ?? next;
    const code = this.#match(/[0-9a-fA-F]{4}/y);
    if (code === "") this.#fail("\\u wants four hexadecimal digits");
    return String.fromCharCode(Number.parseInt(code, 16));
  }
}

function parseFast(text: string): Parsed {
  try {
    return { value: JSON.parse(text), place: leaf(0) };
  } catch {
    return new JsonParser(text).whole();
  }
}

/** @throws SyntaxFaults */
export function readJson(name: string, text: string): Source {
  const { value } = parseFast(text);
  let place: Place | undefined;
  return {
    name,
    value,
    text,
    place: () => {
      place ??= new JsonParser(text).whole().place;
      return place;
    },
  };
}
