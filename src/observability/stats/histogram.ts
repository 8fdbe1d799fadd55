// What can be read off a histogram's bins (native/base/stats.h: two significant decimal digits a bin).

/** Pairs of bin and count, bins rising; `scale` is what one recorded unit stands for. */
export interface Histogram {
  readonly pairs: ArrayLike<number>;
  readonly scale: number;
}

export const empty: Histogram = { pairs: [], scale: 1 };

export function binFloor(bin: number): number {
  return bin < 100 ? bin : (10 + ((bin - 100) % 90)) * 10 ** (1 + Math.floor((bin - 100) / 90));
}

export function binWidth(bin: number): number {
  if (bin === 0) return 0;
  if (bin < 10) return 0.1;
  return bin < 100 ? 1 : 10 ** (1 + Math.floor((bin - 100) / 90));
}

/** The bin of a whole number from 0. */
export function binOf(value: number): number {
  let rest = Math.floor(value);
  let decade = 0;
  for (; rest >= 100; decade += 1) rest = Math.floor(rest / 10);
  return decade === 0 ? rest : 100 + (decade - 1) * 90 + rest - 10;
}

/** Keeps floor and width free of the rounding that a factor such as 1e-6 would bring. */
const scaled = (value: number, scale: number) => (scale >= 1 ? value * scale : value / Math.round(1 / scale));

export function count({ pairs }: Histogram): number {
  let total = 0;
  for (let i = 1; i < pairs.length; i += 2) total += pairs[i]!;
  return total;
}

/** Each bin stands for the harmonic mean of its edges, as in circllhist. */
export function sum({ pairs, scale }: Histogram): number {
  let total = 0;
  for (let i = 0; i < pairs.length; i += 2) {
    const low = scaled(binFloor(pairs[i]!), scale);
    const high = low + scaled(binWidth(pairs[i]!), scale);
    if (low > 0) total += ((2 * low * high) / (low + high)) * pairs[i + 1]!;
  }
  return total;
}

export const quantiles = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 1] as const;

/** Values at the quantiles; NaN where there is none. The n values of a bin stand at 1/(n+1), 2/(n+1), … of it. */
export function quantileValues(histogram: Histogram): number[] {
  const { pairs, scale } = histogram;
  const total = count(histogram);
  if (total === 0) return quantiles.map(() => Number.NaN);
  let at = 0;
  let below = 0;
  return quantiles.map((quantile) => {
    const rank = Math.max(1, Math.ceil(quantile * total));
    while (below + pairs[at + 1]! < rank) {
      below += pairs[at + 1]!;
      at += 2;
    }
    const share = (rank - below) / (pairs[at + 1]! + 1);
    return scaled(binFloor(pairs[at]!), scale) + share * scaled(binWidth(pairs[at]!), scale);
  });
}

/** How many values lie in bins that begin at or below each bound; bounds rise. */
export function countsBelow({ pairs, scale }: Histogram, bounds: readonly number[]): number[] {
  let at = 0;
  let total = 0;
  return bounds.map((bound) => {
    for (; at < pairs.length && scaled(binFloor(pairs[at]!), scale) <= bound; at += 2) {
      total += pairs[at + 1]!;
    }
    return total;
  });
}

export interface Bin {
  readonly lower: number;
  readonly width: number;
  readonly count: number;
}

export function bins({ pairs, scale }: Histogram): Bin[] {
  const result: Bin[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const bin = pairs[i]!;
    result.push({
      lower: scaled(binFloor(bin), scale),
      width: scaled(binWidth(bin), scale),
      count: pairs[i + 1]!,
    });
  }
  return result;
}

/** What came since `before` was read. */
export function since(now: Histogram, before: Histogram | undefined): Histogram {
  if (before === undefined) return now;
  const old = new Map<number, number>();
  for (let i = 0; i < before.pairs.length; i += 2) old.set(before.pairs[i]!, before.pairs[i + 1]!);
  const pairs: number[] = [];
  for (let i = 0; i < now.pairs.length; i += 2) {
    const more = now.pairs[i + 1]! - (old.get(now.pairs[i]!) ?? 0);
    if (more > 0) pairs.push(now.pairs[i]!, more);
  }
  return { pairs, scale: now.scale };
}
