/** The support list, ready to be asked. */
import { extensionPoints, type MessageSupport, messages, refusedValues } from "../support.ts";

export type Verdict = {
  readonly kind: "refuse" | "warn";
  readonly message: string;
  /** True for a value that says no more than leaving the field out. */
  readonly harmless: (value: unknown) => boolean;
};

export type SupportList = {
  /** By message, by field; a field that is not here is implemented or cannot be reached. */
  readonly fields: Pick<ReadonlyMap<string, ReadonlyMap<string, Verdict>>, "get">;
  /** By enum, the values that are refused. */
  readonly values: ReadonlyMap<string, ReadonlySet<string>>;
  /** By `message.field`: what kind of extension it holds. */
  readonly points: ReadonlyMap<string, string>;
  /** By kind of extension, the implemented types. */
  readonly types: ReadonlyMap<string, ReadonlySet<string>>;
  /** The kinds of which an Any may be empty. */
  readonly optional: ReadonlySet<string>;
};

export const words = (list: string | undefined): string[] =>
  (list ?? "").split(/\s+/).filter((word) => word !== "");

function harmless(value: unknown): boolean {
  return value === false || value === 0 || value === "" || (Array.isArray(value) && value.length === 0);
}

const refused: Verdict = { kind: "refuse", message: "Outrider does not implement this field yet", harmless };
const warned: Verdict = {
  kind: "warn",
  message: "Outrider does not implement this field yet; it has no effect",
  harmless,
};

function readVerdicts(support: MessageSupport): ReadonlyMap<string, Verdict> {
  const refusedFields = words(support.refuse).map((field) => [field, refused] as const);
  const warnedFields = words(support.warn).map((field) => [field, warned] as const);
  return new Map([...refusedFields, ...warnedFields]);
}

/** Messages are asked about once each, and most never: their lists are taken apart when they are. */
const verdictsOf = {
  get(name: string): ReadonlyMap<string, Verdict> | undefined {
    const support = messages[name];
    return support === undefined ? undefined : readVerdicts(support);
  },
};

export function readSupportList(): SupportList {
  const values = Object.entries(refusedValues).map(([name, list]) => [name, new Set(words(list))] as const);
  const points = Object.entries(extensionPoints);
  return {
    fields: verdictsOf,
    values: new Map(values),
    points: new Map(points.flatMap(([kind, point]) => point.fields.map((field) => [field, kind] as const))),
    optional: new Set(points.flatMap(([kind, point]) => (point.optional === true ? [kind] : []))),
    types: new Map(points.map(([kind, point]) => [kind, new Set(Object.keys(point.types))] as const)),
  };
}

/** Why a type of the API may not be used as this kind of extension; undefined when it may. */
export function typeVerdict(list: SupportList, kind: string | undefined, name: string): string | undefined {
  if (kind === undefined || list.types.get(kind)?.has(name) === true) return undefined;
  for (const [other, types] of list.types)
    if (types.has(name)) return `${name} is no ${kind}, but a ${other}`;
  const what = name.startsWith("envoy.extensions.") ? "an Envoy extension" : "a type of the Envoy API";
  return `${name} is ${what} that Outrider does not implement yet`;
}

/** Whether this kind of extension may have this type. */
export function isImplemented(kind: string, name: string): boolean {
  return name in (extensionPoints[kind]?.types ?? {});
}
