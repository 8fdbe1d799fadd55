/** The statistics of the workers, as the addon hands them over (native/addon/stats_binding.cc). */
export interface NativeStats {
  /** Of the list of scopes; the three fields below are there only when the reader did not know it yet. */
  readonly generation: number;
  /** A row's place in boundary.stats; 255: nothing to show. */
  readonly kinds?: Uint8Array;
  /** Of the scope in a row: never used twice. */
  readonly ids?: Float64Array;
  readonly prefixes?: readonly string[];
  /** The slots of all rows, one row after the other. */
  readonly values: Float64Array;
  readonly used: Uint8Array;
  /** Row, slot, number of pairs, pairs of bin (or status) and count; again and again. */
  readonly sparse: Float64Array;
}

/** `histogramsOnly` leaves `values`, `used` and the codes out. */
export type ReadNativeStats = (knownGeneration: number, histogramsOnly: boolean) => NativeStats;
