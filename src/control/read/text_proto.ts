/**
 * Protobuf's text form. Read with the schema at hand, because the text alone does not say what is a list or a map.
 * Unknown fields stay in the tree, so that the check names them as it names any other.
 */
import { type Field, type MessageType, messageForm, type ScalarType, type Schema } from "../api/schema.ts";
import { isTree, type Tree } from "../check/typing.ts";
import type { Place, Source } from "./place.ts";
import { DEPTH_MAX, SyntaxFaults, setKey } from "./syntax.ts";
import { jsonOf } from "./well_known.ts";

type Token = {
  readonly kind: "word" | "string" | "mark" | "end";
  readonly text: string;
  readonly offset: number;
};

const skipped = /(?:[ \t\r\n]|#[^\n]*)*/y;
const word = /[A-Za-z0-9_.+-]+/y;
const quoted = /"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/y;

const escaped = /\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|([\s\S]))/g;
const letters: Readonly<Record<string, string>> = {
  ...{ a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" },
};

/** The bytes that a quoted text stands for: `\xff` is one byte, `\u00ff` a letter. */
function unquote(text: string): Buffer {
  const parts: Buffer[] = [];
  const body = text.slice(1, -1);
  let at = 0;
  for (const match of body.matchAll(escaped)) {
    parts.push(Buffer.from(body.slice(at, match.index)));
    at = match.index + match[0].length;
    const [, hex, short, long, octal, letter = ""] = match;
    if (hex !== undefined) parts.push(Buffer.of(Number.parseInt(hex, 16)));
    else if (octal !== undefined) parts.push(Buffer.of(Number.parseInt(octal, 8) & 255));
    else if (short !== undefined) parts.push(Buffer.from(String.fromCharCode(Number.parseInt(short, 16))));
    else if (long !== undefined) parts.push(Buffer.from(codePoint(long)));
    else parts.push(Buffer.from(letters[letter] ?? letter));
  }
  parts.push(Buffer.from(body.slice(at)));
  return Buffer.concat(parts);
}

function codePoint(hex: string): string {
  const code = Number.parseInt(hex, 16);
  return code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
}

class Scanner {
  readonly #text: string;
  #at = 0;
  #next: Token | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  fail(message: string, offset = this.peek().offset): never {
    throw new SyntaxFaults([{ message, offset }]);
  }

  peek(): Token {
    this.#next ??= this.#scan();
    return this.#next;
  }

  take(): Token {
    const token = this.peek();
    this.#next = undefined;
    return token;
  }

  /** Takes the next token when it is this mark. */
  accept(mark: string): boolean {
    const { kind, text } = this.peek();
    if (kind !== "mark" || text !== mark) return false;
    this.take();
    return true;
  }

  expect(mark: string): void {
    const { kind, text } = this.peek();
    if (!this.accept(mark)) this.fail(`expected ${mark}, found ${kind === "end" ? "the end" : text}`);
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += text.length;
    return text;
  }

  #scan(): Token {
    this.#match(skipped);
    const offset = this.#at;
    const text = this.#match(word);
    if (text !== "") return { kind: "word", text, offset };
    const string = this.#match(quoted);
    if (string !== "") return { kind: "string", text: string, offset };
    const mark = this.#text[this.#at++];
    return mark === undefined ? { kind: "end", text: "", offset } : { kind: "mark", text: mark, offset };
  }
}

/** Places of one message, filled while it is read. */
class TextPlace implements Place {
  readonly offset: number;
  readonly children = new Map<string | number, { at: number; value: TextPlace }>();

  constructor(offset: number) {
    this.offset = offset;
  }

  get size(): number {
    return this.children.has(0) ? this.children.size : 0;
  }

  child(step: string | number) {
    return this.children.get(step);
  }

  add(step: string | number, at: number, value: TextPlace): void {
    this.children.set(step, { at, value });
  }
}

type Parsed = { readonly value: unknown; readonly place: TextPlace };

class TextReader {
  readonly #schema: Schema;
  readonly #scanner: Scanner;
  #depth = 0;

  constructor(schema: Schema, text: string) {
    this.#schema = schema;
    this.#scanner = new Scanner(text);
  }

  whole(type: MessageType): Parsed {
    const parsed = this.#fields(type, "", 0);
    if (this.#scanner.peek().kind !== "end") this.#scanner.fail("expected a field name");
    return parsed;
  }

  /** Fields up to `close`, which is taken; up to the end of the text when it is empty. */
  #fields(type: MessageType | undefined, close: string, offset: number): Parsed {
    if (++this.#depth > DEPTH_MAX) this.#scanner.fail(`nested more than ${DEPTH_MAX} deep`);
    const tree: Tree = {};
    const place = new TextPlace(offset);
    while (!this.#ends(close)) {
      const token = this.#scanner.take();
      if (token.kind === "mark" && token.text === "[") this.#expanded(tree, place, token.offset);
      else if (token.kind === "word") this.#field(type, token, tree, place);
      else this.#scanner.fail(`expected a field name, found ${token.text || "the end"}`, token.offset);
      if (!this.#scanner.accept(",")) this.#scanner.accept(";");
    }
    this.#depth--;
    return { value: type === undefined ? tree : this.#json(type, tree, offset), place };
  }

  /** An Any may hold bytes that are no message. */
  #json(type: MessageType, tree: Tree, offset: number): unknown {
    try {
      return jsonOf(type.name, tree, this.#schema);
    } catch (error) {
      return this.#scanner.fail(error instanceof Error ? error.message : String(error), offset);
    }
  }

  #ends(close: string): boolean {
    if (close === "") return this.#scanner.peek().kind === "end";
    return this.#scanner.accept(close);
  }

  /** `[type.googleapis.com/a.b.C] { ... }`: an Any with its contents written out. */
  #expanded(tree: Tree, place: TextPlace, offset: number): void {
    let url = "";
    while (!this.#scanner.accept("]")) {
      const token = this.#scanner.take();
      if (token.kind === "end") this.#scanner.fail("expected ]");
      url += token.text;
    }
    this.#scanner.accept(":");
    const type = this.#schema.find(url.slice(url.lastIndexOf("/") + 1));
    const { value, place: inner } = this.#message(type?.kind === "message" ? type : undefined);
    tree["@type"] = url;
    place.add("@type", offset, new TextPlace(offset));
    const special = type !== undefined && messageForm(type.name) !== "message";
    if (special || !isTree(value)) tree["value"] = value;
    else Object.assign(tree, value);
    for (const [step, child] of inner.children) place.add(step, child.at, child.value);
  }

  #field(type: MessageType | undefined, token: Token, tree: Tree, place: TextPlace): void {
    const field = type?.fields.find(({ name }) => name === token.text);
    const colon = this.#scanner.accept(":");
    const values = this.#scanner.accept("[") ? this.#list(field) : [this.#value(field, colon)];
    for (const { value, place: at } of values) this.#put(field, token, tree, place, value, at);
    if (values.length === 0 && field !== undefined) tree[token.text] ??= [];
  }

  #put(
    field: Field | undefined,
    token: Token,
    tree: Tree,
    place: TextPlace,
    value: unknown,
    at: TextPlace,
  ): void {
    const whole = place.children.get(token.text)?.value;
    if (field?.key !== undefined) {
      const entry = isTree(value) ? value : {};
      const map = (tree[field.name] ??= {}) as Tree;
      setKey(map, String(entry["key"] ?? ""), entry["value"] ?? null);
      const holder = whole ?? new TextPlace(token.offset);
      holder.add(String(entry["key"] ?? ""), token.offset, at.child("value")?.value ?? at);
      place.add(token.text, token.offset, holder);
    } else if (field?.repeated === 1) {
      const list = (tree[field.name] ??= []) as unknown[];
      const holder = whole ?? new TextPlace(token.offset);
      holder.add(list.length, at.offset, at);
      list.push(value);
      place.add(token.text, token.offset, holder);
    } else {
      tree[token.text] = value;
      place.add(token.text, token.offset, at);
    }
  }

  #list(field: Field | undefined): Parsed[] {
    const values: Parsed[] = [];
    while (!this.#scanner.accept("]")) {
      values.push(this.#value(field, true));
      if (!this.#scanner.accept(",")) {
        this.#scanner.expect("]");
        break;
      }
    }
    return values;
  }

  #value(field: Field | undefined, colon: boolean): Parsed {
    const { kind, text, offset } = this.#scanner.peek();
    if (kind === "mark" && (text === "{" || text === "<")) {
      if (field?.key !== undefined) return this.#mapEntry(field);
      const type = field?.type === "message" ? this.#schema.message(field.ref ?? "") : undefined;
      return this.#message(type);
    }
    if (!colon) this.#scanner.fail("expected a colon or {");
    if (kind === "string") return { value: this.#string(field), place: new TextPlace(offset) };
    if (kind === "end") this.#scanner.fail("the text ends where a value should be");
    return { value: this.#word(field), place: new TextPlace(offset) };
  }

  #message(type: MessageType | undefined): Parsed {
    const { offset } = this.#scanner.peek();
    if (this.#scanner.accept("<")) return this.#fields(type, ">", offset);
    this.#scanner.expect("{");
    return this.#fields(type, "}", offset);
  }

  /** An entry of a map is written as a message of `key` and `value`. */
  #mapEntry(field: Field): Parsed {
    const value: Field = { ...field, key: undefined, name: "value", number: 2 };
    const key: Field = {
      ...field,
      key: undefined,
      name: "key",
      number: 1,
      ...scalarType(field.key ?? "string"),
    };
    const entry: MessageType = {
      kind: "message",
      name: "map entry",
      fields: [key, value],
      byName: new Map(),
      byNumber: new Map(),
      requiredOneofs: [],
      unchecked: true,
    };
    return this.#message(entry);
  }

  /** Neighbouring texts are one text. */
  #string(field: Field | undefined): string {
    const parts: Buffer[] = [];
    while (this.#scanner.peek().kind === "string") parts.push(unquote(this.#scanner.take().text));
    return Buffer.concat(parts).toString(field?.scalar === "bytes" ? "base64" : "utf8");
  }

  #word(field: Field | undefined): unknown {
    let text = this.#scanner.take().text;
    if (text === "-") text += this.#scanner.take().text;
    if (field?.scalar === "bool") return text;
    const lower = text.toLowerCase().replace(/^(-?)inf(inity)?f?$/, "$1Infinity");
    if (lower.endsWith("Infinity")) return lower;
    if (lower === "nan") return "NaN";
    if (/^-?0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
    if (/^-?0x[0-9a-f]+$/.test(lower)) return Number.parseInt(lower, 16);
    const digits = /^-?[\d.]+(e[+-]?\d+)?f?$/.test(lower) ? lower.replace(/f$/, "") : undefined;
    if (digits === undefined) return text;
    const number = Number(digits);
    return Number.isInteger(number) && !Number.isSafeInteger(number) ? digits : number;
  }
}

function scalarType(scalar: ScalarType) {
  return { type: scalar, form: "scalar", scalar, ref: undefined } as const;
}

/** @throws SyntaxFaults */
export function readTextProto(name: string, schema: Schema, type: MessageType, text: string): Source {
  const { value, place } = new TextReader(schema, text).whole(type);
  return { name, value, text, place: () => place };
}
