/** A request that did not succeed: a problem document (RFC 9457), or no answer at all (`status` 0). */
export class Problem {
  constructor(
    readonly status = 0,
    readonly code = "offline",
    /** Milliseconds, when the server said so. */
    readonly retryAfter = 0,
  ) {}

  /** Worth another try with the same request. */
  get passing(): boolean {
    return this.status < 400 || this.status > 499 || this.status === 408 || this.status === 429;
  }

  /** The session itself is over or not accepted. */
  get sessionLost(): boolean {
    return this.status === 401 || this.status === 410;
  }

  static of(error: unknown): Problem {
    return error instanceof Problem ? error : new Problem();
  }

  /** From a status, a body that is a problem document (or a proxy's page), and the `Retry-After` header. */
  static from(status: number, body: string, retryAfter?: string | null): Problem {
    const code = /"code": ?"(\w+)"/.exec(body)?.[1];
    return new Problem(status, code ?? `http_${status}`, (Number(retryAfter) || 0) * 1000);
  }
}
