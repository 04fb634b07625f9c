import type { SessionGrant } from "../protocol/frames";
import type { Api } from "../connection/api";
import { readIdentity } from "./identity";
import type { Storage } from "./storage";

const KEY = "session";
/** A session that ends this soon is not worth starting with. */
const MARGIN_MS = 60_000;

export interface Session extends SessionGrant {
  /** Whose session it is: the `sub` of the site's token, or null for somebody anonymous. */
  user: string | null;
}

/** The session of this browser, shared by its tabs, and never by two people. */
export class Sessions {
  userToken: string | null = null;

  constructor(
    private readonly storage: Storage,
    private readonly api: Api,
    private readonly locale: () => string,
    private readonly now: () => number = Date.now,
  ) {}

  get user(): string | null {
    return readIdentity(this.userToken)?.sub ?? null;
  }

  /** The stored session, if it still holds and belongs to the present user. */
  stored(): Session | null {
    const session = this.storage.get<Session>(KEY);
    if (!session?.token || session.user !== this.user) return null;
    return Date.parse(session.expires_at) - this.now() < MARGIN_MS ? null : session;
  }

  /** The stored session or a new one. Tabs that ask at the same time get the same. */
  async ensure(): Promise<Session> {
    return exclusive(async () => {
      const known = this.stored();
      if (known) return known;
      const user = this.user;
      const grant = await this.api.createSession({ locale: this.locale(), ...(this.userToken ? { user_token: this.userToken } : {}) });
      const session = { ...grant, user };
      this.storage.set(KEY, session);
      return session;
    });
  }

  /** Forgets a session that the server no longer takes, unless another tab has replaced it already. */
  forget(id?: string): void {
    if (!id || this.storage.get<Session>(KEY)?.session_id === id) this.storage.remove(KEY);
  }

  static isKey(key: string): boolean {
    return key === KEY;
  }
}

/** Runs one at a time across tabs where the browser has locks; alone where it has not. */
function exclusive<T>(work: () => Promise<T>): Promise<T> {
  const locks = typeof navigator === "undefined" ? undefined : navigator.locks;
  return locks ? (locks.request("switchboard-session", work) as Promise<T>) : work();
}
