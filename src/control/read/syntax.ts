/** A text that cannot be read at all. Every reader throws it and `readSource`'s caller makes issues of it. */
export type Fault = { readonly message: string; readonly offset: number };

export class SyntaxFaults extends Error {
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    super(faults[0]?.message ?? "syntax error");
    this.faults = faults;
  }
}

/** Deeper texts are refused: they only serve to exhaust the stack. */
export const DEPTH_MAX = 200;

/** Sets a key that may be `__proto__`. */
export function setKey(tree: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") tree[key] = value;
  else Object.defineProperty(tree, key, { value, writable: true, enumerable: true, configurable: true });
}
