/**
 * One walk over a canonical tree that checks what the API says about each field: `validate.rules`, deprecation, and
 * whether Outrider implements it. What a type needs is worked out once, when it is first met.
 */
import type { EnumType, Field, MessageType, Schema } from "../api/schema.ts";
import type { IssueList } from "../issue.ts";
import { absentMessage, compileRules, type Rule } from "./rules.ts";
import { anyTypeName, isTree, type Tree } from "./typing.ts";
import { type SupportList, typeVerdict, type Verdict } from "./verdict.ts";

/** A check that descriptors cannot say, of every message of one type; it runs before the message's fields are looked at. */
export type Visit = (tree: Tree) => void;

type FieldPlan = {
  readonly field: Field;
  readonly whole: Rule | undefined;
  readonly entry: Rule | undefined;
  readonly enumType: EnumType | undefined;
  /** What kind of extension the field holds, if any. */
  readonly extension: string | undefined;
  /** The type to descend into, by name; undefined for scalars and free forms. */
  readonly below: string | undefined;
  /** Says what there is to say about the field as such; true when the value is refused and needs no further look. */
  readonly note: ((value: unknown) => boolean) | undefined;
};

type MessagePlan = {
  readonly visit: Visit | undefined;
  readonly type: MessageType;
  readonly verdicts: ReadonlyMap<string, Verdict> | undefined;
  /** Fields that were met; undefined where there is nothing to check. */
  readonly fields: Map<string, FieldPlan | undefined>;
  readonly absent: readonly { readonly name: string; readonly message: string }[];
  readonly requiredOneofs: readonly { readonly name: string; readonly fields: readonly string[] }[];
};

export class Validator {
  readonly #schema: Schema;
  readonly #issues: IssueList;
  readonly #support: SupportList;
  readonly #visits: ReadonlyMap<string, Visit>;
  /** The kind of extension that the next Any is. */
  #extension: string | undefined;
  readonly #plans = new Map<string, MessagePlan>();

  constructor(schema: Schema, issues: IssueList, support: SupportList, visits: ReadonlyMap<string, Visit>) {
    this.#schema = schema;
    this.#issues = issues;
    this.#support = support;
    this.#visits = visits;
  }

  message(name: string, tree: Tree): void {
    const plan = this.#plans.get(name) ?? this.#plan(this.#schema.message(name));
    plan.visit?.(tree);
    for (const key in tree) {
      const known = plan.fields.get(key);
      const field = known === undefined && !plan.fields.has(key) ? this.#planField(plan, key) : known;
      if (field === undefined) continue;
      const value = tree[key];
      if (value === undefined) continue;
      this.#issues.path.push(key);
      this.#field(field, value);
      this.#issues.path.pop();
    }
    for (const { name: field, message } of plan.absent)
      if (!(field in tree)) this.#issues.error(message, field);
    for (const oneof of plan.requiredOneofs) {
      if (oneof.fields.some((field) => field in tree)) continue;
      this.#issues.error(`one of ${oneof.fields.join(", ")} must be set`);
    }
  }

  #field(plan: FieldPlan, value: unknown): void {
    if (plan.note?.(value) === true) return;
    if (plan.whole !== undefined) this.#report(plan.whole(value));
    if (plan.below === undefined && plan.entry === undefined && plan.enumType === undefined) return;
    if (plan.field.repeated === 1) {
      const list = value as unknown[];
      for (let i = 0; i < list.length; i++) this.#entry(plan, i, list[i]);
    } else if (plan.field.key !== undefined) {
      const map = value as Tree;
      for (const key in map) this.#entry(plan, key, map[key]);
    } else this.#value(plan, value);
  }

  #entry(plan: FieldPlan, key: string | number, value: unknown): void {
    if (value === undefined) return;
    this.#issues.path.push(key);
    if (plan.entry !== undefined) this.#report(plan.entry(value));
    this.#value(plan, value);
    this.#issues.path.pop();
  }

  #value(plan: FieldPlan, value: unknown): void {
    if (plan.enumType !== undefined) this.#enumValue(plan.enumType, value);
    if (plan.below === undefined || !isTree(value)) return;
    const outer = this.#extension;
    this.#extension = plan.extension ?? outer;
    if (plan.field.form === "any") this.#any(value);
    else this.message(plan.below, value);
    this.#extension = outer;
  }

  #any(value: Tree): void {
    const kind = this.#extension;
    this.#extension = undefined;
    const url = value["@type"];
    if (typeof url !== "string") {
      const optional = kind === undefined || this.#support.optional.has(kind);
      if (!optional) this.#issues.error(`has no "@type" that says which ${kind} it is`);
      return;
    }
    const name = anyTypeName(url);
    const refusal = typeVerdict(this.#support, kind, name);
    if (refusal === undefined) this.message(name, value);
    else this.#issues.error(refusal, "@type");
  }

  #report(wrong: string | undefined): void {
    if (wrong !== undefined) this.#issues.error(wrong);
  }

  #enumValue(type: EnumType, value: unknown): void {
    const name = String(value);
    const verdict = this.#support.values.get(type.name)?.has(name);
    if (verdict === true) this.#issues.error(`Outrider does not implement ${name} yet`);
    if (type.disallowed.includes(name)) this.#issues.error(`${name} is deprecated and no longer allowed`);
    else if (name in type.deprecated)
      this.#warnDeprecated(`${type.name}.${name}`, name, type.deprecated[name] ?? "");
  }

  #warnDeprecated(key: string, what: string, since: string): void {
    const when = since === "" ? "" : ` since Envoy ${since}`;
    this.#issues.warningOnce(`deprecated ${key}`, `${what} is deprecated${when} and will be removed`);
  }

  /** What can be said before a field is met: which ones must be there. */
  #plan(type: MessageType): MessagePlan {
    const checked = type.unchecked ? [] : type.fields;
    const absent = checked.flatMap((field) => {
      const message = absentMessage(field, this.#nameOf(field));
      return message === undefined ? [] : [{ name: field.name, message }];
    });
    const oneofs = type.unchecked ? [] : type.requiredOneofs;
    const plan: MessagePlan = {
      type,
      verdicts: this.#support.fields.get(type.name),
      visit: this.#visits.get(type.name),
      fields: new Map(),
      absent,
      requiredOneofs: oneofs.map((name) => ({
        name,
        fields: type.fields.filter((field) => field.oneof === name).map((field) => field.name),
      })),
    };
    this.#plans.set(type.name, plan);
    return plan;
  }

  /** Undefined for a field that needs no look. */
  #planField({ type, fields, verdicts }: MessagePlan, name: string): FieldPlan | undefined {
    const field = type.byName.get(name);
    const plan = field === undefined ? undefined : this.#fieldPlan(type, field, verdicts?.get(field.name));
    const matters = plan?.whole ?? plan?.entry ?? plan?.enumType ?? plan?.below ?? plan?.note;
    const kept = matters === undefined ? undefined : plan;
    fields.set(name, kept);
    return kept;
  }

  #nameOf(field: Field): (number: number) => unknown {
    if (field.form !== "enum") return String;
    return (number) => this.#schema.enumeration(field.ref ?? "").byNumber.get(number) ?? number;
  }

  #fieldPlan(type: MessageType, field: Field, verdict: Verdict | undefined): FieldPlan {
    const rules = compileRules(field, this.#nameOf(field));
    const descends = field.form === "message" || field.form === "any";
    return {
      field,
      whole: type.unchecked ? undefined : rules.whole,
      entry: type.unchecked ? undefined : rules.entry,
      enumType: field.form === "enum" ? this.#enumPlan(field.ref ?? "") : undefined,
      extension: this.#support.points.get(`${type.name}.${field.name}`),
      below: descends ? field.ref : undefined,
      note: this.#notes(type, field, verdict),
    };
  }

  /** The enum, when some of its values need a look. */
  #enumPlan(name: string): EnumType | undefined {
    const type = this.#schema.enumeration(name);
    const marked = type.disallowed.length > 0 || Object.keys(type.deprecated).length > 0;
    return marked || this.#support.values.has(name) ? type : undefined;
  }

  /** What there is to say whenever the field is set. */
  #notes(
    type: MessageType,
    field: Field,
    verdict: Verdict | undefined,
  ): ((value: unknown) => boolean) | undefined {
    const key = `${type.name}.${field.name}`;
    if (verdict === undefined && field.deprecated === undefined) return undefined;
    return (value) => {
      if (field.disallowed === 1) this.#issues.error("is deprecated and no longer allowed");
      else if (field.deprecated !== undefined) this.#warnDeprecated(key, "this field", field.deprecated);
      if (verdict === undefined || verdict.harmless(value)) return false;
      if (verdict.kind === "refuse") this.#issues.error(verdict.message);
      else this.#issues.warningOnce(`support ${key}`, verdict.message);
      return verdict.kind === "refuse";
    };
  }
}
