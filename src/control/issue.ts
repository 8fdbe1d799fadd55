/** What is wrong, or doubtful, in a configuration; and how it is said. */

/** Field names as the API spells them, list indices as numbers, map keys as text. */
export type Path = readonly (string | number)[];

export type Position = { readonly file: string; readonly line: number; readonly column: number };

export type ConfigIssue = {
  /** The field, such as `static_resources.clusters[0].name`; empty for the file as a whole. */
  readonly path: string;
  readonly position?: Position;
  readonly message: string;
  readonly severity: "error" | "warning";
};

/** More than these are counted, not kept: a wrong file must not fill the memory with words. */
const ISSUES_MAX = 1_000;

const plainKey = /^[A-Za-z_@][A-Za-z0-9_]*$/;

export function formatPath(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (!plainKey.test(step)) text += `[${JSON.stringify(step)}]`;
    else text += text === "" ? step : `.${step}`;
  }
  return text;
}

/** An issue before it has its position. */
export type FoundIssue = {
  readonly path: Path;
  readonly message: string;
  readonly severity: "error" | "warning";
};

/** Collects issues while a walk pushes and pops its way through a tree. */
export class IssueList {
  readonly path: (string | number)[] = [];
  readonly found: FoundIssue[] = [];
  readonly #once = new Set<string>();
  errors = 0;
  dropped = 0;

  /** For the next tree. */
  clear(): void {
    this.path.length = 0;
    this.found.length = 0;
    this.errors = 0;
    this.dropped = 0;
  }

  error(message: string, ...steps: Path): void {
    this.errors++;
    this.#add({ path: [...this.path, ...steps], message, severity: "error" });
  }

  errorAt(path: Path, message: string): void {
    this.errors++;
    this.#add({ path, message, severity: "error" });
  }

  warning(message: string, ...steps: Path): void {
    this.#add({ path: [...this.path, ...steps], message, severity: "warning" });
  }

  /** A warning about a field as such, however often it is used. */
  warningOnce(key: string, message: string, ...steps: Path): void {
    if (this.#once.has(key)) return;
    this.#once.add(key);
    this.warning(message, ...steps);
  }

  #add(issue: FoundIssue): void {
    if (this.found.length < ISSUES_MAX) this.found.push(issue);
    else this.dropped++;
  }
}

/** A value as a message shows it: JSON, cut where it grows long. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function formatIssue(issue: ConfigIssue): string {
  const { position, path } = issue;
  const place = position === undefined ? "" : `${position.file}:${position.line}:${position.column}: `;
  const severity = issue.severity === "warning" ? "warning: " : "";
  return `${place}${severity}${path === "" ? "" : `${path}: `}${issue.message}`;
}

/** One line an issue: `envoy.yaml:12:5: static_resources.clusters[0].name: ...`. */
export function formatIssues(issues: readonly ConfigIssue[]): string {
  return issues.map((issue) => `${formatIssue(issue)}\n`).join("");
}
