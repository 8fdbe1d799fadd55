/** What the checks of single messages share. */
import type { IssueList } from "../issue.ts";
import { isTree, type Tree } from "./typing.ts";

/** Checks that native code does better; null means fine, a text says what is wrong. */
export type Hooks = {
  /** As RE2 would compile it. */
  readonly compileRegex: (pattern: string) => string | null;
  /** As an access log format or the value of a header. */
  readonly parseFormat: (format: string) => string | null;
  /** Opens a log as it will be opened later. */
  readonly openLog: (path: string) => string | null;
};

export type Context = Hooks & {
  readonly issues: IssueList;
  /** Names of the clusters of the bootstrap. */
  readonly clusters: ReadonlySet<string>;
  /** Where routes do not say whether their clusters must exist: they need not. */
  readonly clustersMayCome?: boolean;
};

/** Checks by message type. A file of checks exports one of these; `visits.ts` gathers them. */
export type Checks = Readonly<Record<string, (tree: Tree, context: Context) => void>>;

/** The messages of a repeated field; values that could not be read are left out, indices stay. */
export function eachTree(list: unknown, visit: (tree: Tree, index: number) => void): void {
  if (!Array.isArray(list)) return;
  for (let i = 0; i < list.length; i++) if (isTree(list[i])) visit(list[i], i);
}

/** As eachTree, for whoever needs no indices. */
export function treesIn(list: unknown): readonly Tree[] {
  return Array.isArray(list) ? list.filter(isTree) : [];
}

export function treeAt(tree: unknown, ...names: readonly string[]): Tree | undefined {
  let here: unknown = tree;
  for (let i = 0; i < names.length; i++) here = isTree(here) ? here[names[i] ?? ""] : undefined;
  return isTree(here) ? here : undefined;
}

export function textAt(tree: Tree | undefined, name: string): string | undefined {
  const value = tree?.[name];
  return typeof value === "string" ? value : undefined;
}

export function has(tree: Tree, name: string): boolean {
  return name in tree;
}
