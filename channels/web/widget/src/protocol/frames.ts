/** The wire's own shapes, as docs/reference/web-protocol.md names them. */

export type Status = "bot" | "queued" | "staff" | "resolved";
export type Author = "customer" | "agent" | "staff" | "system";
export type Rating = "up" | "down";
export type Action = "request_person" | "contact" | "withdraw";

export interface Attachment {
  id: string;
  name: string;
  media_type: string;
  size: number;
  url: string;
}

export interface Source {
  id: string;
  title: string;
  content: string;
  metadata?: { source?: string | null; page?: number | string | null; section?: string | null; url?: string | null } | null;
  relevance_score?: number;
}

export interface Message {
  id: string;
  cursor: number;
  author: Author;
  name?: string | null;
  content: string;
  timestamp: string;
  client_id?: string | null;
  turn_id?: string | null;
  attachments?: Attachment[] | null;
  sources?: Source[] | null;
  requires_escalation?: boolean;
  status?: Status;
  kind?: "answer" | "unknown" | "notice" | "failure" | null;
  feedback?: Rating | null | undefined;
  choices?: string[];
  intent?: string | null;
  sentiment?: string | null;
  ticket?: string | null;
}

export type ToolState = "started" | "finished" | "failed";

interface OfTurn {
  turn_id: string;
  epoch: number;
  cursor: number;
}

export type Frame =
  | { type: "ack"; client_id: string; id: string; cursor: number }
  | ({ type: "text"; index: number; delta: string } & OfTurn)
  | ({ type: "tool_call"; name: string; state: ToolState } & OfTurn)
  | ({ type: "sources"; sources: Source[] } & OfTurn)
  | ({ type: "complete" } & Message)
  | { type: "discard"; turn_id: string; cursor: number }
  | ({ type: "message" } & Message)
  | { type: "typing"; author: "agent" | "staff" }
  | { type: "status"; status: Status; cursor?: number; latest?: number; config?: SessionConfig }
  | { type: "config"; config: SessionConfig }
  | { type: "error"; code: string; detail?: string; client_id?: string; retry_after?: number }
  | { type: "resumed"; after: number; upto: number }
  | { type: "pong" };

/** What a frame that the reducer can order has: everything except hints and answers. */
export type OrderedFrame = Extract<Frame, { cursor: number }> | { type: "status"; status: Status; cursor: number };

export interface SessionConfig {
  company?: string;
  locale?: string;
  max_attachment_bytes: number;
  max_message_chars: number;
  accept: string[];
  features: { attachments: boolean; feedback: boolean; staff?: boolean; transcript?: boolean };
}

export interface SessionGrant {
  session_id: string;
  token: string;
  expires_at: string;
  config: SessionConfig;
}
