/** A request that did not succeed: a problem document (RFC 9457), or no answer at all (`status` 0). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail = "",
    /** Seconds, when the server said so. */
    readonly retryAfter = 0,
  ) {
    super(detail || code);
  }

  /** Worth another try with the same request. */
  get passing(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }

  /** The session itself is over or not accepted. */
  get sessionLost(): boolean {
    return this.status === 401 || this.status === 410;
  }

  static of(error: unknown): Problem {
    return error instanceof Problem ? error : new Problem(0, "offline", String(error));
  }

  /** From a status, a body that may be a problem document, and the `Retry-After` header. */
  static from(status: number, body: string, retryAfter: string | null): Problem {
    let code = `http_${status}`;
    let detail = "";
    try {
      const document = JSON.parse(body) as { code?: string; detail?: string; title?: string };
      code = document.code ?? code;
      detail = document.detail ?? document.title ?? "";
    } catch {
      // A proxy's page: the status says enough.
    }
    return new Problem(status, code, detail, Number(retryAfter) || 0);
  }
}
