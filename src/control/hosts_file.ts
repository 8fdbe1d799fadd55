/** What the machine knows of names without asking a server: /etc/hosts, and how /etc/resolv.conf wants names searched. */
import { readFileSync, statSync } from "node:fs";
import { isIP } from "node:net";

/** Addresses by name, in lower case. */
export type Hosts = ReadonlyMap<string, readonly string[]>;

export function parseHosts(text: string): Hosts {
  const hosts = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [address = "", ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const name of names.map((one) => one.toLowerCase())) {
      const known = hosts.get(name);
      if (known === undefined) hosts.set(name, [address]);
      else if (!known.includes(address)) known.push(address);
    }
  }
  return hosts;
}

export interface SearchRules {
  readonly domains: readonly string[];
  /** A name with as many dots is tried as it stands first. */
  readonly dots: number;
}

/** resolv.conf(5): the last `search` or `domain` line counts. */
export function parseSearchRules(text: string): SearchRules {
  let domains: string[] = [];
  let dots = 1;
  for (const line of text.split("\n")) {
    const [word = "", ...rest] = line
      .replace(/[#;].*/, "")
      .trim()
      .split(/\s+/);
    if (word === "search") domains = rest;
    else if (word === "domain") domains = rest.slice(0, 1);
    else if (word === "options") {
      const found = rest.map((option) => /^ndots:(\d+)$/.exec(option)?.[1]).find((n) => n !== undefined);
      if (found !== undefined) dots = Math.min(15, Number(found));
    }
  }
  return { domains: domains.filter((domain) => domain !== "."), dots };
}

/** The names to ask for, in order, until one is known. */
export function searchNames(name: string, { domains, dots }: SearchRules): readonly string[] {
  if (name.endsWith(".")) return [name.slice(0, -1)];
  const longer = domains.map((domain) => `${name}.${domain.replace(/\.$/, "")}`);
  return name.split(".").length - 1 >= dots ? [name, ...longer] : [...longer, name];
}

/** Reads a file again when it has changed; a file that cannot be read counts as empty. */
export function watchedFile<T>(path: string, parse: (text: string) => T): () => T {
  let stamp = "";
  let value: T | undefined;
  return () => {
    const stat = statSync(path, { throwIfNoEntry: false });
    const now = stat === undefined ? "none" : `${stat.mtimeMs} ${stat.size} ${stat.ino}`;
    if (value === undefined || now !== stamp) {
      stamp = now;
      value = parse(stat === undefined ? "" : readOrEmpty(path));
    }
    return value;
  };
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // gone, or not ours to read: as if nothing stood in it
  }
}
