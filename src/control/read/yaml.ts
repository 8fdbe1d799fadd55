/**
 * YAML as Envoy reads it: scalars without quotes become bools and whole numbers by yaml-cpp's rules (`on`, `0x1f`, `017`),
 * fractions stay text, tags say nothing, merge keys are refused, and of several documents the first counts.
 */
import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseAllDocuments,
  Scalar,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import type { Place, Source } from "./place.ts";
import { DEPTH_MAX, type Fault, SyntaxFaults, setKey } from "./syntax.ts";

/** Aliases may repeat themselves without end: this many values, and so many for each character, are enough. */
const NODES_FREE = 100_000;
const NODES_PER_CHARACTER = 20;

const nulls = new Set(["", "~", "null", "Null", "NULL"]);
const trues = /^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const falses = /^(?:n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const decimal = /^[+-]?(?:0|[1-9]\d*)$/;
const hexadecimal = /^0[xX][0-9a-fA-F]+$/;
const octal = /^0[0-7]+$/;

function readWhole(source: string): bigint | undefined {
  if (decimal.test(source)) return BigInt(source.replace("+", ""));
  if (hexadecimal.test(source)) return BigInt(source);
  return octal.test(source) ? BigInt(`0o${source.slice(1)}`) : undefined;
}

/** The value of a scalar without quotes. Whole numbers that need more than 32 bits stay text, which proto JSON takes. */
export function plainScalar(source: string): unknown {
  if (nulls.has(source)) return null;
  const first = source.charCodeAt(0);
  const digitOrSign = first <= 0x39;
  if (!digitOrSign && source.length <= 5) {
    if (trues.test(source)) return true;
    if (falses.test(source)) return false;
  }
  const whole = digitOrSign && source.length <= 20 ? readWhole(source) : undefined;
  if (whole === undefined) return source;
  return whole >= -(2n ** 31n) && whole < 2n ** 31n ? Number(whole) : String(whole);
}

type Node = ParsedNode | null | undefined;
type Aliases = ReadonlyMap<Alias, Node>;

class Converter {
  readonly faults: Fault[] = [];
  /** What each alias stands for. */
  readonly aliases = new Map<Alias, Node>();
  /** The latest node of each anchor; nodes are met in the order of the text. */
  readonly #anchors = new Map<string, Node>();
  readonly #nodesMax: number;
  #nodes = 0;
  #depth = 0;

  constructor(characters: number) {
    this.#nodesMax = NODES_FREE + NODES_PER_CHARACTER * characters;
  }

  value(node: Node): unknown {
    const anchor = isAlias(node) ? undefined : node?.anchor;
    if (anchor !== undefined) this.#anchors.set(anchor, node);
    if (++this.#nodes > this.#nodesMax)
      this.#fail(`its aliases make more than ${this.#nodesMax} values`, node);
    if (isScalar(node)) return this.#scalar(node);
    if (++this.#depth > DEPTH_MAX) this.#fail(`nested more than ${DEPTH_MAX} deep`, node);
    const value = this.#nested(node);
    this.#depth--;
    return value;
  }

  #nested(node: Node): unknown {
    if (isMap(node)) return this.#map(node as YAMLMap.Parsed);
    if (isSeq(node)) return (node as YAMLSeq.Parsed).items.map((item) => this.value(item as Node));
    if (isAlias(node)) return this.value(this.#resolve(node));
    return null;
  }

  /** The library's own resolve walks the whole document each time. */
  #resolve(alias: Alias): Node {
    const known = this.aliases.get(alias) ?? this.#anchors.get(alias.source);
    if (known === undefined)
      this.faults.push({ message: `there is no &${alias.source} before it`, offset: offsetOf(alias) });
    this.aliases.set(alias, known);
    return known;
  }

  #fail(message: string, node: Node): never {
    throw new SyntaxFaults([{ message, offset: offsetOf(node) }]);
  }

  #scalar(node: Scalar): unknown {
    const tagged = node.source === "" && node.tag !== undefined;
    const plain = node.type === Scalar.PLAIN && node.tag !== "!" && !tagged;
    return plain ? plainScalar(node.source ?? "") : String(node.value);
  }

  #map(map: YAMLMap.Parsed): unknown {
    const tree: Record<string, unknown> = {};
    for (const { key, value } of map.items) {
      const keyNode = isAlias(key) ? this.#resolve(key) : key;
      if (!isScalar(keyNode)) {
        this.faults.push({ message: "a key must be a plain word", offset: offsetOf(key) });
      } else if (keyNode.value === "<<") {
        this.faults.push({
          message: "the merge key << is not allowed: an alias stands for a whole value only",
          offset: offsetOf(key),
        });
      } else setKey(tree, String(keyNode.value), this.value(value as Node));
    }
    return tree;
  }
}

function offsetOf(node: Node | unknown): number {
  return (node as { range?: readonly number[] } | null)?.range?.[0] ?? 0;
}

class YamlPlace implements Place {
  readonly offset: number;
  readonly #node: Node;
  readonly #aliases: Aliases;

  constructor(node: Node, aliases: Aliases) {
    this.offset = offsetOf(node);
    this.#node = isAlias(node) ? aliases.get(node) : node;
    this.#aliases = aliases;
  }

  get size(): number {
    return isSeq(this.#node) ? this.#node.items.length : 0;
  }

  child(step: string | number) {
    if (isSeq(this.#node) && typeof step === "number") {
      const item = this.#node.items[step] as Node;
      return item === undefined
        ? undefined
        : { at: offsetOf(item), value: new YamlPlace(item, this.#aliases) };
    }
    if (!isMap(this.#node)) return undefined;
    // The last of equal keys is the one that counts.
    const pair = this.#node.items.findLast(({ key }) => isScalar(key) && String(key.value) === String(step));
    return pair && { at: offsetOf(pair.key), value: new YamlPlace(pair.value as Node, this.#aliases) };
  }
}

/** @throws SyntaxFaults */
export function readYaml(name: string, text: string): Source {
  const options = {
    schema: "failsafe",
    uniqueKeys: false,
    merge: false,
    logLevel: "silent",
    prettyErrors: false,
  };
  const documents = parseAllDocuments(text, { ...options, lineCounter: new LineCounter() } as never);
  const document = Array.isArray(documents) ? documents[0] : undefined;
  if (document === undefined) throw new SyntaxFaults([{ message: "is empty", offset: 0 }]);
  const errors = document.errors.map((error) => ({ message: error.message, offset: error.pos[0] }));
  if (errors.length > 0) throw new SyntaxFaults(errors);
  const converter = new Converter(text.length);
  const value = converter.value(document.contents as Node);
  if (converter.faults.length > 0) throw new SyntaxFaults(converter.faults);
  return { name, value, text, place: () => new YamlPlace(document.contents as Node, converter.aliases) };
}
