import type { Pending } from "../protocol/conversation";
import type { Frame, Message, Rating, SessionConfig, SessionGrant, Status } from "../protocol/frames";
import { Problem } from "./problem";

/** A request that hangs is a request that failed. */
const TIMEOUT_MS = 20_000;

export interface Credentials {
  session_id: string;
  token: string;
}

export interface Acknowledgement {
  id: string;
  cursor: number;
  client_id: string;
}

/** The message as both the WebSocket and HTTP take it. */
export const wire = ({ content, client_id, attachments, action }: Pending, locale: string) => ({
  content,
  client_id,
  attachments: attachments.map((a) => a.id),
  action,
  locale,
});

/** The server's HTTP routes. */
export class Api {
  constructor(readonly origin: string) {}

  createSession(locale: string, user_token: string | null): Promise<SessionGrant> {
    return this.call("/api/sessions", "", { locale, ...(user_token && { user_token }) });
  }

  history({ session_id, token }: Credentials, after: number): Promise<{ messages: Message[]; has_more: boolean; status: Status }> {
    return this.call(`/api/sessions/${session_id}/history?after=${after}&limit=100`, token);
  }

  /** Waits up to `wait` seconds for frames. */
  events({ session_id, token }: Credentials, after: number, wait: number): Promise<{ frames: Frame[]; cursor: number; config: SessionConfig }> {
    return this.call(`/api/sessions/${session_id}/events?after=${after}&wait=${wait}`, token, null, TIMEOUT_MS + wait * 1000);
  }

  send({ session_id, token }: Credentials, message: Pending, locale: string): Promise<Acknowledgement> {
    const { content, ...rest } = wire(message, locale);
    return this.call(`/api/chat/sessions/${session_id}/messages?wait=0`, token, { message: content, ...rest });
  }

  rate({ token }: Credentials, message_id: string, rating: Rating, comment?: string): Promise<unknown> {
    return this.call("/api/feedback", token, { message_id, rating, comment });
  }

  mail({ session_id, token }: Credentials, email: string, locale: string): Promise<unknown> {
    return this.call(`/api/sessions/${session_id}/transcript`, token, { email, locale });
  }

  private async call<T>(path: string, token: string, body?: object | null, timeout = TIMEOUT_MS): Promise<T> {
    try {
      const response = await fetch(this.origin + path, {
        method: body ? "POST" : "GET",
        headers: { ...(token && { authorization: `Bearer ${token}` }), ...(body && { "content-type": "application/json" }) },
        body: body ? JSON.stringify(body) : null,
        cache: "no-store",
        signal: AbortSignal.timeout(timeout),
      });
      const text = await response.text();
      if (!response.ok) throw Problem.from(response.status, text, response.headers.get("retry-after"));
      return JSON.parse(text || "null") as T;
    } catch (error) {
      throw Problem.of(error);
    }
  }
}
