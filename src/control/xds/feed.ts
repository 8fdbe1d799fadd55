/**
 * All resources of one kind from one source: who watches which names, what came last, and what of an update is news
 * for whom. Transports feed it; it knows nothing of them.
 */
import { type Arrival, type Payload, type ResourceKind, samePayload } from "./resource.ts";

/** What was refused, by resource; the text has the paths of all faults. */
export type Refusal = { readonly name: string; readonly reason: string };

export interface Watcher {
  /**
   * What changed of the names that are watched. Called for every answer that speaks of them, also when nothing has
   * changed. Answers what is refused: the rest was taken.
   */
  onUpdate(changed: readonly Arrival[], removed: readonly string[], version: string): readonly Refusal[];
  /** Nothing came within initial_fetch_timeout. */
  onTimeout(): void;
}

/** The statistics of one subscription. */
export interface SubscriptionStats {
  attempt(): void;
  success(version: string, tookMs: number): void;
  rejected(): void;
  failure(): void;
  timeout(): void;
  /** Nobody counts any more; what was counted is shown no longer. */
  release(): void;
}

export type Known = { readonly payload: Payload; readonly version: string; readonly at: Date };

/** Kept for long, a resource must not hold on to the whole answer that it came in. */
function kept(payload: Payload): Payload {
  return payload.form === "tree" ? payload : { form: "bytes", bytes: Uint8Array.from(payload.bytes) };
}

/**
 * What an answer holds: all that was asked for, so that the absent is gone where the kind says so; a part; or what a
 * file has, which must speak of who is watched.
 */
export type Extent = "all" | "some" | "file";

/** Every resource. */
export const everything = "*";

export class Watch {
  readonly name: string;
  readonly watcher: Watcher;
  readonly stats: SubscriptionStats;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(name: string, watcher: Watcher, stats: SubscriptionStats, timeoutMs: number) {
    this.name = name;
    this.watcher = watcher;
    this.stats = stats;
    if (timeoutMs <= 0) return;
    this.#timer = setTimeout(() => {
      stats.timeout();
      watcher.onTimeout();
    }, timeoutMs);
    this.#timer.unref();
  }

  answered(): void {
    clearTimeout(this.#timer);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

export class Feed {
  readonly kind: ResourceKind;
  /** Of the last answer that was taken. */
  version = "";
  /** The last versions that were taken. */
  readonly known = new Map<string, Known>();
  readonly #watches = new Map<string, Set<Watch>>();
  readonly #expiries = new Map<string, NodeJS.Timeout>();
  readonly #onNames: (feed: Feed) => void;

  /** @param onNames told when names() has changed */
  constructor(kind: ResourceKind, onNames: (feed: Feed) => void) {
    this.kind = kind;
    this.#onNames = onNames;
  }

  /** What to ask for, sorted; everything is named by `*`. */
  names(): readonly string[] {
    return [...this.#watches.keys()].sort();
  }

  isWanted(name: string): boolean {
    return this.#watches.has(name) || this.#watches.has(everything);
  }

  get idle(): boolean {
    return this.#watches.size === 0;
  }

  add(watch: Watch): void {
    const others = this.#watches.get(watch.name);
    watch.stats.attempt();
    if (others !== undefined) {
      others.add(watch);
      this.#tellKnown(watch);
      return;
    }
    this.#watches.set(watch.name, new Set([watch]));
    this.#onNames(this);
  }

  remove(watch: Watch): void {
    watch.stop();
    watch.stats.release();
    const others = this.#watches.get(watch.name);
    if (others?.delete(watch) !== true || others.size > 0) return;
    this.#watches.delete(watch.name);
    this.#forget(watch.name);
    this.#onNames(this);
  }

  /** One who comes later gets what is there already. */
  #tellKnown(watch: Watch): void {
    const known = this.known.get(watch.name);
    if (known === undefined) return;
    this.#tell(watch, [{ name: watch.name, ...known }], [], known.version, new Map());
  }

  #forget(name: string): void {
    this.known.delete(name);
    clearTimeout(this.#expiries.get(name));
    this.#expiries.delete(name);
  }

  /**
   * An update.
   * @returns what was refused, by those who watch
   */
  deliver(
    arrivals: readonly Arrival[],
    gone: readonly string[],
    version: string,
    extent: Extent,
  ): readonly Refusal[] {
    const refused = new Map<string, string>();
    const present = new Set<string>();
    const changed = new Map<string, Arrival>();
    for (const arrival of arrivals) {
      if (present.has(arrival.name)) {
        refused.set(arrival.name, `duplicate resource ${arrival.name} found`);
        continue;
      }
      present.add(arrival.name);
      this.#expire(arrival);
      if (samePayload(this.known.get(arrival.name)?.payload, arrival.payload)) continue;
      changed.set(arrival.name, arrival);
    }
    const removed = extent !== "some" && this.kind.absentIsGone ? this.#absent(present) : gone;
    for (const [name, watches] of this.#watches) {
      if (name === everything) {
        for (const watch of watches) this.#tell(watch, [...changed.values()], removed, version, refused);
      } else if (present.has(name) || removed.includes(name)) {
        const mine = changed.get(name);
        const lost = removed.includes(name) ? [name] : [];
        for (const watch of watches)
          this.#tell(watch, mine === undefined ? [] : [mine], lost, version, refused);
      } else if (extent === "file" && arrivals.length > 0) {
        refused.set(name, `${name} is not among the resources`);
        for (const watch of watches) watch.stats.rejected();
      }
    }
    for (const name of removed) this.#forget(name);
    for (const [name, { payload, version: own }] of changed) {
      if (!refused.has(name) && this.isWanted(name))
        this.known.set(name, { payload: kept(payload), version: own, at: new Date() });
    }
    if (refused.size === 0) this.version = version;
    return [...refused].map(([name, reason]) => ({ name, reason }));
  }

  #absent(present: ReadonlySet<string>): string[] {
    return [...this.known.keys()].filter((name) => !present.has(name));
  }

  #tell(
    watch: Watch,
    changed: readonly Arrival[],
    removed: readonly string[],
    version: string,
    refused: Map<string, string>,
  ): void {
    const before = performance.now();
    watch.answered();
    const refusals = watch.watcher.onUpdate(changed, removed, version);
    for (const { name, reason } of refusals) refused.set(name, reason);
    if (refusals.length > 0) watch.stats.rejected();
    else watch.stats.success(version, performance.now() - before);
    watch.stats.attempt();
  }

  /** A resource with a time to live goes when it does not come again. */
  #expire({ name, ttlMs }: Arrival): void {
    clearTimeout(this.#expiries.get(name));
    this.#expiries.delete(name);
    if (ttlMs === undefined || ttlMs <= 0) return;
    const timer = setTimeout(() => {
      this.#expiries.delete(name);
      const { version = "" } = this.known.get(name) ?? {};
      this.deliver([], [name], version, "some");
    }, ttlMs);
    timer.unref();
    this.#expiries.set(name, timer);
  }

  /** A heartbeat: the resource lives on as it is. */
  refresh(name: string, ttlMs: number): void {
    const known = this.known.get(name);
    if (known !== undefined) this.#expire({ name, ...known, ttlMs });
  }

  /** An answer that could not be read at all. */
  reject(): void {
    for (const watch of this.#all()) watch.stats.rejected();
  }

  /** The source is not there. */
  fail(): void {
    for (const watch of this.#all()) watch.stats.failure();
  }

  *#all(): Generator<Watch> {
    for (const watches of this.#watches.values()) yield* watches;
  }
}
