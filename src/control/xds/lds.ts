/** Listeners from a control plane or a file. */
import type { Tree } from "../check/typing.ts";
import type { ListenerManager } from "../listener_manager.ts";
import { everything, type Refusal, type SubscriptionStats } from "./feed.ts";
import type { ResourceReader } from "./reader.ts";
import { type Arrival, kinds } from "./resource.ts";
import type { Sources, Subscription } from "./sources.ts";

export type LdsOptions = {
  readonly source: Tree;
  readonly sources: Sources;
  readonly reader: ResourceReader;
  readonly stats: SubscriptionStats;
  readonly listeners: ListenerManager;
  /** Listeners of the bootstrap stay as they are. */
  readonly isStatic: (name: string) => boolean;
};

/** The last version that was refused. */
export type FailedListener = { readonly tree: Tree; readonly reason: string; readonly at: Date };

export class Lds {
  readonly subscription: Subscription;
  readonly failed = new Map<string, FailedListener>();
  readonly #options: LdsOptions;
  readonly #waits = new Set<Promise<unknown>>();
  #first: () => void = () => {};
  /** Resolves once there was an answer, or none in time. */
  readonly answered: Promise<void>;

  constructor(options: LdsOptions) {
    this.#options = options;
    this.answered = new Promise((resolve) => {
      this.#first = resolve;
    });
    const { sources, source, stats } = options;
    const watcher = {
      onUpdate: (changed: readonly Arrival[], removed: readonly string[]) => this.#update(changed, removed),
      onTimeout: () => this.#first(),
    };
    this.subscription = sources.watch(source, kinds.lds, everything, watcher, stats);
  }

  /** Resolves once the listeners of the first answer listen. */
  async ready(): Promise<void> {
    await this.answered;
    await Promise.all(this.#waits);
  }

  /** Removed first, so that their addresses are free. */
  #update(changed: readonly Arrival[], removed: readonly string[]): readonly Refusal[] {
    const { listeners, isStatic } = this.#options;
    for (const name of removed) {
      this.failed.delete(name);
      if (!isStatic(name)) listeners.remove(name);
    }
    const refusals = changed.flatMap((arrival) => this.#set(arrival));
    this.#first();
    return refusals;
  }

  #set({ name, payload }: Arrival): readonly Refusal[] {
    const { reader, listeners, isStatic } = this.#options;
    if (isStatic(name)) return [];
    const refuse = (reason: string, tree: Tree) => {
      this.failed.set(name, { tree: { name, ...tree }, reason, at: new Date() });
      return [{ name, reason: `Error adding/updating listener(s) ${name}: ${reason}` }];
    };
    const read = reader.read(kinds.lds, payload);
    if (!read.ok) return refuse(read.reason, read.tree ?? {});
    const fault = listeners.set(read.resolved, true);
    if (typeof fault === "string") return refuse(fault, read.tree);
    this.failed.delete(name);
    if (fault !== undefined) this.#later(fault, (reason) => refuse(reason, read.tree));
    return [];
  }

  #later(fault: Promise<string | undefined>, refuse: (reason: string) => void): void {
    this.#waits.add(fault);
    void fault.then((reason) => {
      this.#waits.delete(fault);
      if (reason !== undefined) refuse(reason);
    });
  }
}
