// Reads the statistics of the workers: which scope each value belongs to.
import { boundary } from "../../native/boundary.ts";
import type { NativeStats, ReadNativeStats } from "../../native/native_stats.ts";
import type { Histogram } from "./histogram.ts";
import { type Template, templateOf } from "./stat.ts";

export interface Row {
  readonly id: number;
  readonly prefix: string;
  readonly template: Template;
  /** Where its slots begin in `values`. */
  readonly offset: number;
}

const templates = Object.values(boundary.stats).map(templateOf);

const slots_max = 256;
export const keyOf = (id: number, slot: number) => id * slots_max + slot;

export interface NativeReading {
  readonly values: Float64Array;
  readonly used: Uint8Array;
  /** Pairs of what has bins or statuses, by keyOf(). */
  readonly pairs: ReadonlyMap<number, Float64Array>;
}

export class NativeReader {
  /** By row; undefined where a row is free. */
  rows: readonly (Row | undefined)[] = [];
  #generation = 0;
  readonly #read: ReadNativeStats;

  constructor(read: ReadNativeStats) {
    this.#read = read;
  }

  read(histogramsOnly = false): NativeReading {
    const stats = this.#read(this.#generation, histogramsOnly);
    if (stats.kinds !== undefined) this.rows = rowsOf(stats);
    this.#generation = stats.generation;
    const { rows } = this;
    let pairs: ReadonlyMap<number, Float64Array> | null = null;
    return {
      values: stats.values,
      used: stats.used,
      // Of most flushes nobody ever asks.
      get pairs() {
        pairs ??= pairsOf(stats.sparse, rows);
        return pairs;
      },
    };
  }
}

function pairsOf(sparse: Float64Array, rows: readonly (Row | undefined)[]): Map<number, Float64Array> {
  const pairs = new Map<number, Float64Array>();
  for (let at = 0; at < sparse.length; ) {
    const row = rows[sparse[at]!];
    const end = at + 3 + 2 * sparse[at + 2]!;
    if (row !== undefined) pairs.set(keyOf(row.id, sparse[at + 1]!), sparse.subarray(at + 3, end));
    at = end;
  }
  return pairs;
}

function rowsOf({ kinds, ids, prefixes }: NativeStats): (Row | undefined)[] {
  let offset = 0;
  return Array.from(kinds ?? [], (kind, row) => {
    const template = templates[kind];
    if (template === undefined) return undefined;
    const from = offset;
    offset += template.names.length;
    return { id: ids![row]!, prefix: prefixes![row]!, offset: from, template };
  });
}

export function histogramOf(
  reading: Pick<NativeReading, "pairs">,
  row: Row,
  slot: number,
): Histogram | undefined {
  const pairs = reading.pairs.get(keyOf(row.id, slot));
  return pairs === undefined
    ? undefined
    : { pairs, scale: row.template.kinds[slot] === "percents" ? 1e-6 : 1 };
}
