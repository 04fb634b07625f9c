import type { Pending } from "../protocol/conversation";
import type { Frame, Message, Rating, SessionGrant, Status } from "../protocol/frames";
import { Problem } from "./problem";

/** A request that hangs is a request that failed. Long polls bring their own limit. */
const TIMEOUT_MS = 20_000;

export interface Credentials {
  session_id: string;
  token: string;
}

export interface Acknowledgement {
  id: string;
  cursor: number;
  client_id: string;
  status: Status;
}

/** The server's HTTP routes. */
export class Api {
  constructor(readonly origin: string) {}

  get socketUrl(): string {
    return `${this.origin.replace(/^http/, "ws")}/ws`;
  }

  createSession(body: { user_token?: string; locale: string }): Promise<SessionGrant> {
    return this.call("/api/sessions", { body });
  }

  status(session: Credentials): Promise<{ status: Status; cursor: number }> {
    return this.call(`/api/sessions/${session.session_id}`, { token: session.token });
  }

  history(session: Credentials, after: number): Promise<{ messages: Message[]; cursor: number; has_more: boolean; status: Status }> {
    return this.call(`/api/sessions/${session.session_id}/history?after=${after}&limit=100`, { token: session.token });
  }

  events(session: Credentials, after: number, wait: number, signal: AbortSignal): Promise<{ frames: Frame[]; cursor: number }> {
    const path = `/api/sessions/${session.session_id}/events?after=${after}&wait=${wait}`;
    return this.call(path, { token: session.token, signal, timeout: (wait + 15) * 1000 });
  }

  send(session: Credentials, message: Pending, locale: string): Promise<Acknowledgement> {
    return this.call(`/api/chat/sessions/${session.session_id}/messages?wait=0`, {
      token: session.token,
      body: {
        message: message.content,
        client_id: message.client_id,
        attachments: message.attachments.map((a) => a.id),
        locale,
        ...(message.action ? { action: message.action } : {}),
      },
    });
  }

  rate(session: Credentials, id: string, rating: Rating, comment?: string): Promise<unknown> {
    return this.call("/api/feedback", {
      token: session.token,
      body: { message_id: id, rating, ...(comment ? { comment } : {}) },
    });
  }

  uploadUrl(session: Credentials): string {
    return `${this.origin}/api/sessions/${session.session_id}/attachments`;
  }

  private async call<T>(
    path: string,
    options: { token?: string; body?: unknown; signal?: AbortSignal; timeout?: number },
  ): Promise<T> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), options.timeout ?? TIMEOUT_MS);
    options.signal?.addEventListener("abort", () => abort.abort());
    const headers: Record<string, string> = {};
    if (options.token) headers.authorization = `Bearer ${options.token}`;
    if (options.body) headers["content-type"] = "application/json";
    try {
      const response = await fetch(this.origin + path, {
        method: options.body ? "POST" : "GET",
        headers,
        signal: abort.signal,
        credentials: "omit",
        cache: "no-store",
        ...(options.body ? { body: JSON.stringify(options.body) } : {}),
      });
      const text = await response.text();
      if (!response.ok) throw Problem.from(response.status, text, response.headers.get("retry-after"));
      return (text ? JSON.parse(text) : null) as T;
    } catch (error) {
      throw Problem.of(error);
    } finally {
      clearTimeout(timer);
    }
  }
}
