import { deepEqual, equal } from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { everything, Feed, Watch } from "./feed.ts";
import { type Arrival, kinds } from "./resource.ts";
import { RestSource } from "./rest_source.ts";

test("polls tell the version that was taken, and only what has changed is news", async () => {
  const answers = [
    { version_info: "1", resources: [{ "@type": kinds.cds.url, name: "a" }] },
    "not JSON",
    {
      version_info: "2",
      resources: [
        { "@type": kinds.cds.url, name: "a" },
        { "@type": kinds.cds.url, name: "b" },
      ],
    },
  ];
  const versions: unknown[] = [];
  const paths = new Set<string>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { version_info, node } = JSON.parse(Buffer.concat(chunks).toString());
      versions.push(version_info);
      paths.add(`${request.method} ${request.url} ${node.id}`);
      const answer = answers.shift();
      if (answer === undefined) response.writeHead(304);
      response.end(typeof answer === "object" ? JSON.stringify(answer) : answer);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const counts: string[] = [];
  const count = (name: string) => () => void counts.push(name);
  const stats = {
    attempt: () => {},
    success: count("success"),
    rejected: count("rejected"),
    failure: count("failure"),
    timeout: count("timeout"),
    release: () => {},
  };
  const seen: string[][] = [];
  let source: RestSource | undefined;
  const done = new Promise<void>((resolve) => {
    const feed: Feed = new Feed(kinds.cds, () => source?.ask());
    source = new RestSource(
      {
        target: () => ({
          address: { host: "127.0.0.1", port },
          authority: "xds",
          connectTimeoutMs: 1_000,
          metadata: [],
        }),
        node: { id: "n" },
        refreshMs: 1,
        timeoutMs: 1_000,
        warn: () => {},
      },
      feed,
    );
    const watcher = {
      onUpdate: (changed: readonly Arrival[]) => {
        seen.push(changed.map(({ name }) => name));
        if (seen.length === 2) resolve();
        return [];
      },
      onTimeout: () => {},
    };
    feed.add(new Watch(everything, watcher, stats, 0));
  });
  await done;
  source?.stop();
  server.close();
  deepEqual(seen, [["a"], ["b"]]);
  deepEqual(versions.slice(0, 3), ["", "1", "1"]);
  deepEqual([...paths], ["POST /v3/discovery:clusters n"]);
  deepEqual(counts, ["success", "failure", "success"]);
  equal(answers.length, 0);
});
