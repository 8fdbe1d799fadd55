/** Where the parts of a source text stand, looked up only once there is something to say about them. */
import { jsonName } from "../api/schema.ts";
import type { Path, Position } from "../issue.ts";

/** A value in a source text. */
export type Place = {
  /** Index of its first character. */
  readonly offset: number;
  /** Entries of a list; 0 for anything else. */
  readonly size: number;
  /** The entry of a list, or a key of an object with its value. */
  child(step: string | number): { readonly at: number; readonly value: Place } | undefined;
};

/** One parsed file or text. */
export type Source = {
  readonly name: string;
  readonly value: unknown;
  /** Undefined for binary, which has no lines. */
  readonly text: string | undefined;
  place(): Place | undefined;
};

export function positionAt(name: string, text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  let line = 1;
  for (let i = before.indexOf("\n"); i !== -1; i = before.indexOf("\n", i + 1)) line++;
  return { file: name, line, column: offset - lineStart + 1 };
}

function childOf(place: Place | undefined, step: string | number) {
  if (place === undefined) return undefined;
  return place.child(step) ?? (typeof step === "string" ? place.child(jsonName(step)) : undefined);
}

/** How far a path leads into one source. */
class Cursor {
  readonly source: Source;
  place: Place | undefined;
  at: number;
  depth = 0;

  constructor(source: Source) {
    this.source = source;
    this.place = source.place();
    this.at = this.place?.offset ?? 0;
  }

  step(step: string | number, depth: number): void {
    const child = childOf(this.place, step);
    this.place = child?.value;
    if (child === undefined) return;
    this.at = child.at;
    this.depth = depth;
  }
}

/**
 * The position of a field in the sources that were merged, the last of which wins; lists were appended to each other.
 * A field that stands nowhere has the position of what should hold it.
 */
export function locate(sources: readonly Source[], path: Path): Position | undefined {
  const cursors = sources.filter((source) => source.text !== undefined).map((source) => new Cursor(source));
  path.forEach((step, i) => {
    let index = step;
    for (const cursor of cursors) {
      const size = cursor.place?.size ?? 0;
      if (typeof index !== "number") cursor.step(index, i + 1);
      else if (index < 0) cursor.place = undefined;
      else {
        cursor.step(index, i + 1);
        index = index < size ? -1 : index - size;
      }
    }
  });
  const deepest = cursors.reduce<Cursor | undefined>(
    (best, c) => (best && best.depth > c.depth ? best : c),
    undefined,
  );
  if (deepest === undefined) return undefined;
  return positionAt(deepest.source.name, deepest.source.text ?? "", deepest.at);
}
