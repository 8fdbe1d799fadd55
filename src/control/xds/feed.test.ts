import { deepEqual, equal } from "node:assert/strict";
import { mock, test } from "node:test";
import { everything, Feed, type Refusal, type SubscriptionStats, Watch } from "./feed.ts";
import { type Arrival, kinds } from "./resource.ts";

function setUp(kind: (typeof kinds)[keyof typeof kinds] = kinds.cds) {
  const asked: string[] = [];
  const feed = new Feed(kind, ({ names }) => void asked.push(names.call(feed).join(",")));
  const counts: Record<string, number> = {};
  const count = (name: string) => {
    counts[name] = (counts[name] ?? 0) + 1;
  };
  const stats: SubscriptionStats = {
    attempt: () => count("attempt"),
    success: () => count("success"),
    rejected: () => count("rejected"),
    failure: () => count("failure"),
    timeout: () => count("timeout"),
    release: () => count("release"),
  };
  const seen: string[] = [];
  let refuse: readonly Refusal[] = [];
  const watch = (name: string, timeoutMs = 0) => {
    const watcher = {
      onUpdate: (changed: readonly Arrival[], removed: readonly string[]) => {
        seen.push(
          `${name}: ${[...changed.map((one) => one.name), ...removed.map((gone) => `-${gone}`)].join(" ")}`,
        );
        return refuse;
      },
      onTimeout: () => void seen.push(`${name}: timeout`),
    };
    const made = new Watch(name, watcher, stats, timeoutMs);
    feed.add(made);
    return made;
  };
  const refuseNext = (...refusals: Refusal[]) => {
    refuse = refusals;
  };
  return { feed, asked, counts, seen, watch, refuseNext };
}

const arrival = (name: string, text = name): Arrival => ({
  name,
  version: "1",
  payload: { form: "bytes", bytes: Buffer.from(text) },
});

test("of a whole answer only what differs is news, and what lacks is gone", () => {
  const { feed, seen, watch } = setUp();
  watch(everything);
  feed.deliver([arrival("a"), arrival("b")], [], "1", "all");
  feed.deliver([arrival("a"), arrival("b", "other")], [], "2", "all");
  feed.deliver([arrival("a")], [], "3", "all");
  deepEqual(seen, ["*: a b", "*: b", "*: -b"]);
  equal(feed.version, "3");
});

test("a resource that was refused is looked at again when it comes again", () => {
  const { feed, seen, watch, refuseNext, counts } = setUp();
  watch(everything);
  refuseNext({ name: "a", reason: "no" });
  deepEqual(feed.deliver([arrival("a"), arrival("b")], [], "1", "all"), [{ name: "a", reason: "no" }]);
  equal(feed.version, "");
  refuseNext();
  deepEqual(feed.deliver([arrival("a"), arrival("b")], [], "1", "all"), []);
  deepEqual(seen, ["*: a b", "*: a"]);
  equal(counts["rejected"], 1);
  equal(counts["success"], 1);
});

test("who watches one name hears of that one alone, and endpoints that lack stay", () => {
  const { feed, seen, watch, asked } = setUp(kinds.eds);
  watch("a");
  watch("b");
  deepEqual(asked, ["a", "a,b"]);
  feed.deliver([arrival("a"), arrival("b")], [], "1", "all");
  feed.deliver([arrival("b", "more")], [], "2", "all");
  deepEqual(seen, ["a: a", "b: b", "b: b"]);
});

test("who comes later is told what is there already, and the last to go unsubscribes", () => {
  const { feed, seen, watch, asked, counts } = setUp(kinds.eds);
  const first = watch("a");
  feed.deliver([arrival("a")], [], "1", "all");
  const second = watch("a");
  deepEqual(seen, ["a: a", "a: a"]);
  feed.remove(first);
  deepEqual(asked, ["a"]);
  feed.remove(second);
  deepEqual(asked, ["a", ""]);
  equal(counts["release"], 2);
});

test("two resources of one name are refused", () => {
  const { feed, watch } = setUp();
  watch(everything);
  const [refusal] = feed.deliver([arrival("a"), arrival("a", "other")], [], "1", "all");
  deepEqual(refusal, { name: "a", reason: "duplicate resource a found" });
});

test("a file that does not speak of who is watched is refused", () => {
  const { feed, watch, counts } = setUp(kinds.eds);
  watch("a");
  equal(feed.deliver([arrival("b")], [], "1", "file").length, 1);
  equal(counts["rejected"], 1);
});

test("without an answer in time the watcher is told once", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { feed, seen, watch, counts } = setUp(kinds.eds);
  watch("a", 100);
  watch("b", 100);
  feed.deliver([arrival("b")], [], "1", "all");
  mock.timers.tick(100);
  mock.timers.reset();
  deepEqual(seen, ["b: b", "a: timeout"]);
  equal(counts["timeout"], 1);
});

test("a resource goes when its time to live ends, unless it was refreshed", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { feed, seen, watch } = setUp();
  watch(everything);
  feed.deliver([{ ...arrival("a"), ttlMs: 100 }], [], "1", "all");
  mock.timers.tick(60);
  feed.refresh("a", 100);
  mock.timers.tick(60);
  deepEqual(seen, ["*: a"]);
  mock.timers.tick(40);
  mock.timers.reset();
  deepEqual(seen, ["*: a", "*: -a"]);
});
