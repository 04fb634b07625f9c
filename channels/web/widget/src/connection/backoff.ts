const FIRST_MS = 500;
const MOST_MS = 30_000;

/** How long to wait before the n-th try (0, 1, 2…): doubling, with jitter, so that clients of a restarted server spread out. */
export const delay = (attempt: number): number => Math.min(MOST_MS, FIRST_MS * 2 ** attempt) * (0.5 + Math.random() / 2);

/** One pending retry: asked again sooner by `now` (the network came back), at the latest after the delay. */
export class Retry {
  waiting = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private work = (): void => undefined;
  private attempt = 0;
  private due = 0;

  /** Asked again while it waits, it is still one try, at the later of the moments. */
  later(work: () => void, atLeast = 0): void {
    const now = Date.now();
    this.due = Math.max(now + atLeast, this.waiting ? this.due : now + delay(this.attempt++));
    this.cancel();
    this.waiting = true;
    this.work = work;
    this.timer = setTimeout(() => this.now(), this.due - now);
  }

  /** Does what waits, at once. */
  now(): void {
    this.cancel();
    this.work();
  }

  succeeded(): void {
    this.attempt = 0;
  }

  cancel(): void {
    this.waiting = false;
    clearTimeout(this.timer);
  }
}
