// All statistics at one moment, sorted by name.
import { type Place, placesOf, type Source, Stat, type StatType } from "./stat.ts";

export interface Selection {
  /** Is a stat of this name wanted? */
  readonly name?: (name: string) => boolean;
  readonly usedOnly?: boolean;
  readonly types?: ReadonlySet<StatType>;
}

/** Names a stat of a snapshot, in a number: a million of them must not be a million objects. */
export type StatReference = number;

const statuses_max = 1024;
const slots_max = 256;

export class Snapshot {
  readonly #sources: readonly Source[];
  readonly #rejects: ((name: string) => boolean) | null;

  /** `sources` sorted by prefix. */
  constructor(sources: readonly Source[], rejects: ((name: string) => boolean) | null) {
    this.#sources = sources;
    this.#rejects = rejects;
  }

  /** A handful at a time: the whole may be large. */
  *groups(selection: Selection = {}): Generator<Stat[]> {
    for (const stats of this.#families()) {
      const chosen: Stat[] = [];
      this.#choose(stats, selection, (stat) => chosen.push(stat));
      if (chosen.length > 0) yield chosen;
    }
  }

  /** Calls with each stat and what finds it again. */
  each(selection: Selection, use: (stat: Stat, reference: StatReference) => void): void {
    for (const range of this.#families()) this.#choose(range, selection, use);
  }

  /** Not for stats that stand in two scopes: each() gave those as they are. */
  at(reference: StatReference): Stat {
    const status = reference % statuses_max;
    const rest = Math.floor(reference / statuses_max);
    const source = this.#sources[Math.floor(rest / slots_max)]!;
    const slot = rest % slots_max;
    return status === 0 ? source.stat(slot)! : source.code(slot, status);
  }

  /** Only scopes whose prefixes begin alike can interleave, so each such family is put in order on its own. */
  *#families(): Generator<readonly [from: number, to: number]> {
    const sources = this.#sources;
    for (let from = 0; from < sources.length; ) {
      const root = sources[from]!.prefix;
      let to = from + 1;
      while (to < sources.length && sources[to]!.prefix.startsWith(root)) to += 1;
      yield [from, to];
      from = to;
    }
  }

  #choose(
    [from, to]: readonly [number, number],
    selection: Selection,
    use: (stat: Stat, reference: StatReference) => void,
  ): void {
    const { types, usedOnly = false, name } = selection;
    const sources = this.#sources;
    const checked = name !== undefined || this.#rejects !== null;
    const take = (stat: Stat | null, reference: StatReference) => {
      if (stat === null || (usedOnly && !stat.used)) return;
      if (checked && !this.#wanted(stat.name, name)) return;
      use(stat, reference);
    };
    const visit = merging(take);
    const open = (place: Place, base: number) => {
      if (types !== undefined && !types.has(place.type)) return;
      const index = base + place.source;
      const reference = (index * slots_max + place.slot) * statuses_max;
      const source = sources[index]!;
      if (place.class === 0) return visit.add(source.stat(place.slot), reference);
      for (const status of source.statuses(place.slot)) {
        if (Math.floor(status / 100) === place.class)
          visit.add(source.code(place.slot, status), reference + status);
      }
    };
    if (sources[from]!.prefix === sources[to - 1]!.prefix) {
      const places = placesOf(sources.slice(from, to).map(({ template }) => template));
      for (const place of places) open(place, from);
    } else {
      this.#interleaved(from, to, open);
    }
    visit.end();
  }

  /** Scopes below scopes, such as "cluster.a." and "cluster.a.circuit_breakers.default.". */
  #interleaved(from: number, to: number, open: (place: Place, base: number) => void): void {
    const all: { name: string; place: Place; base: number }[] = [];
    for (let i = from; i < to; i += 1) {
      const { prefix, template } = this.#sources[i]!;
      for (const place of placesOf([template])) all.push({ name: prefix + place.local, place, base: i });
    }
    all.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    for (const { place, base } of all) open(place, base);
  }

  #wanted(name: string, chosen: ((name: string) => boolean) | undefined): boolean {
    if (chosen !== undefined && !chosen(name)) return false;
    return this.#rejects === null || !this.#rejects(name);
  }
}

/** Two scopes may hold a stat of one name (an EDS cluster's update_attempt): one is shown, with both counts. */
function merging(take: (stat: Stat | null, reference: StatReference) => void) {
  let last: Stat | null = null;
  let lastReference = 0;
  return {
    add(stat: Stat | null, reference: StatReference): void {
      if (stat === null) return;
      if (last !== null && last.local === stat.local && last.prefix === stat.prefix) {
        const value = Number(last.value) + Number(stat.value);
        last = new Stat(stat.prefix, stat.local, stat.type, value, last.used || stat.used);
        // Negative: at() would see but one half.
        lastReference = -1;
        return;
      }
      take(last, lastReference);
      last = stat;
      lastReference = reference;
    },
    end: () => take(last, lastReference),
  };
}
