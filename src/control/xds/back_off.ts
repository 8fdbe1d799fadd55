/** How long to wait before the next attempt: a random time below a bound that doubles, as Envoy does. */
export class BackOff {
  readonly #baseMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #boundMs: number;

  constructor(baseMs: number, maxMs: number, random: () => number = Math.random) {
    this.#baseMs = baseMs;
    this.#maxMs = maxMs;
    this.#random = random;
    this.#boundMs = baseMs;
  }

  next(): number {
    const bound = this.#boundMs;
    this.#boundMs = Math.min(2 * bound, this.#maxMs);
    return Math.floor(this.#random() * bound);
  }

  reset(): void {
    this.#boundMs = this.#baseMs;
  }
}

/** Tokens that come back at a steady rate. */
export class TokenBucket {
  readonly #max: number;
  readonly #perSecond: number;
  readonly #now: () => number;
  #tokens: number;
  #at: number;

  constructor(max: number, perSecond: number, now: () => number = () => performance.now()) {
    this.#max = max;
    this.#perSecond = perSecond;
    this.#now = now;
    this.#tokens = max;
    this.#at = now();
  }

  /** 0: taken. Otherwise how many milliseconds until there is one. */
  take(): number {
    const now = this.#now();
    this.#tokens = Math.min(this.#max, this.#tokens + ((now - this.#at) * this.#perSecond) / 1_000);
    this.#at = now;
    if (this.#tokens < 1) return Math.max(1, Math.ceil(((1 - this.#tokens) * 1_000) / this.#perSecond));
    this.#tokens -= 1;
    return 0;
  }
}
