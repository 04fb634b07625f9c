import type { Chat } from "../chat/chat";
import type { ChatState } from "../chat/state";
import type { Texts } from "../i18n/en";
import type { Language } from "../i18n/language";
import type { Source } from "../protocol/frames";
import type { Storage } from "../session/storage";
import type { Settings } from "../settings";
import { Sound } from "./sound";

export type FeedbackStep = "comment" | "thanks" | "failed";

/** A field by which a customer can be reached. */
export type Field = "email" | "tel";

/** The field named cannot be used as it is. */
export type FormState = "open" | Field | "failed";

/** What the interface knows beside the conversation. */
export interface Local {
  draft: string;
  /** The sources panel: an answer's sources and which of them is shown. */
  shown: { sources: readonly Source[]; index: number } | null;
  dragging: boolean;
  /** Scrolled away from the newest message. */
  away: boolean;
  feedback: Readonly<Record<string, FeedbackStep>>;
  contact: FormState | "skipped";
  /** The form that mails the conversation; an address that it was sent to. */
  mail: FormState | "closed" | `${string}@${string}`;
  phone: boolean;
  online: boolean;
  announcement: { key: number; text: string };
}

/** Everything that the views draw from, and the elements that behaviour needs to reach. */
export class Ui {
  local: Local = {
    draft: "",
    shown: null,
    dragging: false,
    away: false,
    feedback: {},
    contact: "open",
    mail: "closed",
    phone: false,
    online: navigator.onLine,
    announcement: { key: 0, text: "" },
  };
  panel: HTMLElement | null = null;
  field: HTMLTextAreaElement | null = null;
  log: HTMLElement | null = null;
  launcher: HTMLElement | null = null;
  readonly sound: Sound;

  constructor(
    readonly chat: Chat,
    readonly settings: Settings,
    readonly language: Language,
    storage: Storage,
  ) {
    this.sound = new Sound(storage, () => chat.changed());
  }

  get state(): ChatState {
    return this.chat.state;
  }

  get t(): Texts {
    return this.language.texts;
  }

  set(edit: Partial<Local>): void {
    this.local = { ...this.local, ...edit };
    this.chat.changed();
  }
}
