/** What the site's own token says. Read for display and to tell people apart; only the server verifies it. */
export interface Identity {
  sub: string;
  email?: string;
}

export function readIdentity(token: string | null): Identity | null {
  if (!token) return null;
  try {
    const part = token.split(".")[1] ?? "";
    const bytes = Uint8Array.from(atob(part.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Identity>;
    return { sub: String(claims.sub ?? token), ...(claims.email ? { email: String(claims.email) } : {}) };
  } catch {
    // Not a token we can read: the server will say so. Its own text still tells it from others.
    return { sub: token };
  }
}
