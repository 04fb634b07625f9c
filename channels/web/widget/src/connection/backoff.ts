const FIRST_MS = 500;
const MOST_MS = 30_000;

/** How long to wait before the n-th try (0, 1, 2…): doubling, with jitter, so that clients of a restarted server spread out. */
export function delay(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(MOST_MS, FIRST_MS * 2 ** attempt);
  return ceiling / 2 + (ceiling / 2) * random();
}

/** One pending retry: asked again sooner by `now` (the network came back), at the latest after the delay. */
export class Retry {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private work: (() => void) | null = null;
  private attempt = 0;

  constructor(private readonly random: () => number = Math.random) {}

  later(work: () => void, atLeast = 0): void {
    this.cancel();
    this.work = work;
    this.timer = setTimeout(() => this.now(), Math.max(atLeast, delay(this.attempt++, this.random)));
  }

  /** Does what waits, at once. */
  now(): void {
    const work = this.work;
    this.cancel();
    work?.();
  }

  get waiting(): boolean {
    return this.work !== null;
  }

  succeeded(): void {
    this.attempt = 0;
  }

  cancel(): void {
    clearTimeout(this.timer);
    this.work = null;
  }
}
