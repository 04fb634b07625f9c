import type { Api } from "../connection/api";
import type { SessionGrant } from "../protocol/frames";
import type { Storage } from "./storage";

export interface Session extends SessionGrant {
  /** Whose session it is: the `sub` of the site's token, or null for somebody anonymous. */
  user: string | null;
}

/** What the site's own token says. Read to tell people apart; only the server verifies it. */
export function readToken(token: string): { sub: string; email?: string } {
  try {
    return { sub: token, ...(JSON.parse(atob(token.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/"))) as object) };
  } catch {
    // Not a token that we can read: the server will say so.
    return { sub: token };
  }
}

/** The session of this browser, shared by its tabs, and never by two people. */
export class Sessions {
  static readonly key = "session";

  constructor(
    private readonly storage: Storage,
    private readonly api: Api,
    private readonly locale: string,
    public userToken: string | null,
  ) {}

  get user(): string | null {
    return this.userToken && readToken(this.userToken).sub;
  }

  /** The stored session, if it belongs to the present user. Whether it still holds the server says: device clocks are wrong. */
  stored(): Session | null {
    const session = this.storage.get<Session>(Sessions.key);
    return session?.user === this.user ? session : null;
  }

  /** The stored session or a new one. Tabs that ask at the same time get the same, where the browser has locks. */
  ensure(): Promise<Session> {
    const work = async (): Promise<Session> => this.stored() ?? this.create();
    return (navigator.locks?.request("switchboard", work) as Promise<Session> | undefined) ?? work();
  }

  /** Forgets a session that the server no longer takes, unless another tab has replaced it already. */
  forget(id?: string): void {
    if (!id || this.storage.get<Session>(Sessions.key)?.session_id === id) this.storage.remove(Sessions.key);
  }

  private async create(): Promise<Session> {
    const { user, userToken } = this;
    const session = { ...(await this.api.createSession(this.locale, userToken)), user };
    this.storage.set(Sessions.key, session);
    return session;
  }
}
