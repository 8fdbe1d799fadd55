// For tests: native statistics as the addon would hand them over.
import { boundary, type ScopeKind } from "../../native/boundary.ts";
import type { NativeStats, ReadNativeStats } from "../../native/native_stats.ts";

export interface FakeScope {
  readonly kind: ScopeKind;
  readonly prefix: string;
  readonly values?: Readonly<Record<string, number>>;
  /** Bins or statuses with their counts. */
  readonly sparse?: Readonly<Record<string, readonly (readonly [number, number])[]>>;
}

/** `scopes` is read anew each time, so a test may change it. */
export function fakeNative(scopes: readonly FakeScope[]): ReadNativeStats {
  return (known, histogramsOnly) => {
    const kinds = Object.keys(boundary.stats);
    const values: number[] = [];
    const used: number[] = [];
    const sparse: number[] = [];
    scopes.forEach((scope, row) => {
      Object.keys(boundary.stats[scope.kind]).forEach((name, slot) => {
        const value = scope.values?.[name];
        values.push(value ?? 0);
        used.push(value === undefined ? 0 : 1);
        const pairs = scope.sparse?.[name];
        if (pairs !== undefined) sparse.push(row, slot, pairs.length, ...pairs.flat());
      });
    });
    return {
      generation: 1,
      ...(known === 1
        ? {}
        : {
            kinds: Uint8Array.from(scopes, ({ kind }) => kinds.indexOf(kind)),
            ids: Float64Array.from(scopes, (_, row) => row + 1),
            prefixes: scopes.map(({ prefix }) => prefix),
          }),
      values: Float64Array.from(histogramsOnly ? [] : values),
      used: Uint8Array.from(histogramsOnly ? [] : used),
      sparse: Float64Array.from(sparse),
    } satisfies NativeStats;
  };
}
