/**
 * One resource from bytes or a tree to what native code takes: decoded, typed, checked by the API's rules, by what is
 * implemented and by references, and with files and variables in place: the same steps and words as for the bootstrap.
 */
import type { Schema } from "../api/schema.ts";
import type { Context } from "../check/context.ts";
import { isTree, type Tree, Typing } from "../check/typing.ts";
import { Validator } from "../check/validate.ts";
import { readSupportList } from "../check/verdict.ts";
import { bindChecks } from "../check/visits.ts";
import { formatPath, IssueList } from "../issue.ts";
import { resolveCluster, resolveListener, resolveRoutes } from "../resolve.ts";
import type { Refusal } from "./feed.ts";
import { type Arrival, decodePayload, kinds, type Payload, type ResourceKind } from "./resource.ts";

export type SoundResource = { readonly ok: true; readonly tree: Tree; readonly resolved: Tree };
export type ReadResource =
  | SoundResource
  /** All faults, each with its path. */
  | { readonly ok: false; readonly reason: string; readonly tree?: Tree };

export type ReaderOptions = {
  readonly schema: Schema;
  readonly context: Omit<Context, "issues">;
  /** Of fields that the API does not have. */
  readonly unknown: "refuse" | "warn";
};

type Resolve = (context: Context, tree: Tree) => Tree;

const resolvers = new Map<ResourceKind, Resolve>([
  [kinds.lds, resolveListener],
  [kinds.rds, resolveRoutes],
  [kinds.cds, (_, tree) => resolveCluster(tree)],
]);

export class ResourceReader {
  readonly #schema: Schema;
  readonly #issues = new IssueList();
  readonly #context: Context;
  readonly #typing: Typing;
  readonly #validator: Validator;
  /** Routes that come by name may name clusters that are still to come. */
  readonly #routes: Validator;

  constructor({ schema, context, unknown }: ReaderOptions) {
    this.#schema = schema;
    this.#context = { ...context, issues: this.#issues };
    this.#typing = new Typing(schema, this.#issues, unknown);
    const support = readSupportList();
    this.#validator = new Validator(schema, this.#issues, support, bindChecks(this.#context));
    const late = { ...this.#context, clustersMayCome: true };
    this.#routes = new Validator(schema, this.#issues, support, bindChecks(late));
  }

  read(kind: ResourceKind, payload: Payload): ReadResource {
    let decoded: unknown;
    try {
      decoded = decodePayload(this.#schema, kind, payload);
    } catch (error) {
      return { ok: false, reason: `is no serialized ${kind.type}: ${(error as Error).message}` };
    }
    this.#issues.clear();
    const tree = this.#typing.message(this.#schema.message(kind.type), decoded);
    if (tree === undefined) return { ok: false, reason: this.#reason() };
    (kind === kinds.rds ? this.#routes : this.#validator).message(kind.type, tree);
    if (this.#issues.errors > 0) return { ok: false, reason: this.#reason(), tree };
    const resolved = resolvers.get(kind)?.(this.#context, tree) ?? tree;
    if (this.#issues.errors > 0) return { ok: false, reason: this.#reason(), tree };
    return { ok: true, tree, resolved };
  }

  #reason(): string {
    return this.#issues.found
      .filter(({ severity }) => severity === "error")
      .map(({ path, message }) => (path.length === 0 ? message : `${formatPath(path)}: ${message}`))
      .join("; ");
  }
}

/**
 * What came for one name, read and taken; nothing may have come.
 * @param take answers why it is refused all the same
 */
export function refusals(
  reader: ResourceReader,
  kind: ResourceKind,
  arrival: Arrival | undefined,
  take: (resource: SoundResource) => string | undefined,
): readonly Refusal[] {
  if (arrival === undefined) return [];
  const { name, payload } = arrival;
  const read = reader.read(kind, payload);
  const reason = read.ok ? take(read) : read.reason;
  return reason === undefined ? [] : [{ name, reason: `${name}: ${reason}` }];
}

/** What a dump shows of a resource that was taken before: decoded again, so that nothing but its bytes is kept. */
export function shownTree(schema: Schema, kind: ResourceKind, payload: Payload): Tree {
  const issues = new IssueList();
  const tree = new Typing(schema, issues, "warn").message(
    schema.message(kind.type),
    decodePayload(schema, kind, payload),
  );
  return isTree(tree) ? tree : {};
}
