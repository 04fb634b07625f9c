import type { LinkState } from "../connection/link";
import { Conversation } from "../protocol/conversation";
import type { SessionConfig } from "../protocol/frames";

export interface ChatState {
  conversation: Conversation;
  link: LinkState | "idle";
  /** The conversation's past is here (or there is none). */
  loaded: boolean;
  /** What stands in the way until somebody acts: the site's token, or the site itself. */
  obstacle: "identity" | "forbidden" | null;
  config: SessionConfig | null;
  open: boolean;
  unread: number;
  contactGiven: boolean;
}

export const initial = (): ChatState => ({
  conversation: new Conversation(),
  link: "idle",
  loaded: false,
  obstacle: null,
  config: null,
  open: false,
  unread: 0,
  contactGiven: false,
});

/** Nothing that is written here will ever be taken. */
export const barred = ({ obstacle }: ChatState): boolean => obstacle === "forbidden";
