/**
 * The door to C++: loads the addon. Its functions take and give JSON text (configuration as canonical proto3 JSON,
 * answers as the shapes below); statistics come as typed arrays.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { boundary } from "./boundary.ts";
import type { NativeStats } from "./native_stats.ts";

/** What native code refused. */
export type Fault = { readonly name: string; readonly path: string; readonly reason: string };

export type BoundAddress = { readonly ip: string; readonly port: number; readonly pipe: boolean };

type Given<T> = T extends "number" ? number : T extends "flag" ? boolean : string;
type Taken<T> = { -readonly [I in keyof T]: Given<T[I]> } & unknown[];
type Answer<T> = T extends { gives: infer G }
  ? G extends "stats"
    ? NativeStats
    : G extends "number"
      ? number
      : string
  : void;

type Calls = typeof boundary.calls;
/** What the addon offers, as boundary.ts describes it. Main thread only. */
export type Addon = { readonly version: string } & {
  readonly [Name in keyof Calls]: (...given: Taken<Calls[Name]["takes"]>) => Answer<Calls[Name]>;
};

/**
 * @param root the project's folder
 * @throws when the addon is not built, or not for this machine
 */
export function loadAddon(root: string): Addon {
  const built = join(root, "build", process.env["OUTRIDER_BUILD"] ?? "Release", "outrider.node");
  const prebuilt = join(root, "prebuilds", `${process.platform}-${process.arch}`, "outrider.node");
  return createRequire(import.meta.url)(
    existsSync(built) || !existsSync(prebuilt) ? built : prebuilt,
  ) as Addon;
}
