import { h, type ComponentChildren, type JSX } from "preact";
import { errorText } from "../i18n/errors";
import { formatTime } from "../i18n/format";
import { linkify } from "../markdown/inline";
import type { Pending } from "../protocol/conversation";
import type { Author, Message } from "../protocol/frames";
import { avatar } from "./Avatar";
import { feedback } from "./Feedback";
import { files } from "./Files";
import { personIcon } from "./icons";
import { elements, markdown } from "./Markdown";
import { sourceList } from "./Sources";
import type { Ui } from "./ui";

export const speaker = ({ t }: Ui, author: Author, name?: string | null): string =>
  author === "customer" ? t._you : (name ?? (author === "staff" ? t._staff : t._agent));

interface From {
  key: string;
  author: Author;
  name?: string | null | undefined;
  /** First of several by the same author: shows who it is. */
  first: boolean;
  state?: string;
}

/** The row that every message sits in. */
export const row = (ui: Ui, { key, author, name, first, state }: From, ...children: ComponentChildren[]): JSX.Element => (
  <div
    key={key}
    class={`row ${author} ${first && "first"}`}
    role="article"
    aria-label={speaker(ui, author, name)}
    data-testid="message"
    data-author={author}
    data-state={state}
  >
    {author !== "customer" && (
      <span class="gutter">{first && avatar(author === "staff", name, ui.settings.avatar ?? ui.settings.logo)}</span>
    )}
    <div class="body">{children}</div>
  </div>
);

export const notice = (ui: Ui, key: string, text: string, more?: ComponentChildren): JSX.Element => (
  <div key={key} class="notice" dir="auto" data-testid="message" data-author="system">
    {markdown(ui, text)}
    {more}
  </div>
);

/** A stored message never changes its words: parsed and drawn once, however often the rest is drawn. */
const drawn = new WeakMap<Message, JSX.Element>();

function bubble(ui: Ui, message: Message, choices: string[] | false | undefined): JSX.Element | false {
  if (!message.content) return false;
  const known = !choices && drawn.get(message);
  if (known) return known;
  const made = (
    <div class="bubble" dir="auto">
      {message.author === "customer" ? typed(message.content) : markdown(ui, message.content, message.sources ?? [], choices)}
    </div>
  );
  if (!choices) drawn.set(message, made);
  return made;
}

/** A customer's words are shown as typed: their stars are stars. */
const typed = (text: string): JSX.Element => <p class="typed">{elements(linkify(text))}</p>;

export interface Place {
  first: boolean;
  last: boolean;
  /** The customer's newest message, which says that it was sent. */
  newestOwn: boolean;
  /** Of the present session; an earlier one takes no feedback. */
  current: boolean;
}

export function message(ui: Ui, stored: Message, { first, last, newestOwn, current }: Place): JSX.Element {
  const { t, state, language } = ui;
  const { author, name, kind, timestamp } = stored;
  const key = stored.turn_id ?? stored.client_id ?? stored.id;
  const offered =
    current &&
    last &&
    author !== "customer" &&
    (stored.requires_escalation || kind === "unknown" || kind === "failure") &&
    state.conversation.status === "bot";
  const newest = stored === state.conversation.messages.at(-1);
  if (author === "system") return notice(ui, key, stored.content, offered && newest && personOffer(ui));
  const choices = newest && state.conversation.answered && stored.choices;
  const rated = current && !stored.choices && author === "agent" && kind !== "notice" && kind !== "failure" && state.config?.features.feedback !== false;
  const time = formatTime(language.locale, timestamp);
  return row(
    ui,
    { key, author, name, first, ...(author === "customer" && { state: "sent" }) },
    files(ui, stored.attachments ?? []),
    bubble(ui, stored, choices),
    sourceList(ui, stored.sources ?? []),
    offered && personOffer(ui),
    rated && feedback(ui, stored),
    newestOwn && (
      <p class="meta" data-testid="message-state" data-state="sent">
        {t._sent} · {time}
      </p>
    ),
    last && !rated && author !== "customer" && (
      <p class="meta">
        {speaker(ui, author, name)} · {time}
      </p>
    ),
  );
}

const personOffer = ({ chat, t }: Ui): JSX.Element => (
  <button type="button" class="button soft" data-testid="person-offer" onClick={() => chat.requestPerson()}>
    {personIcon()}
    {t._person}
  </button>
);

/** A message that the server has not confirmed. */
export function unsent(ui: Ui, { client_id, content, attachments, state, reason }: Pending, first: boolean): JSX.Element {
  const { t, chat } = ui;
  const failed = state === "failed";
  const button = (testid: string, label: string, press: (id: string) => void): JSX.Element => (
    <button type="button" class="text" data-testid={testid} onClick={() => press(client_id)}>
      {label}
    </button>
  );
  return row(
    ui,
    { key: client_id, author: "customer", first, state },
    files(ui, attachments),
    content && (
      <div class="bubble" dir="auto">
        {typed(content)}
      </div>
    ),
    <p class="meta" data-testid="message-state" data-state={state} role={(failed && "alert") as "alert"}>
      {failed ? `${t._failed}. ${errorText(t, reason)}` : ui.state.link === "online" ? t._sending : t._waiting}
      {failed && button("message-retry", t._retry, (id) => chat.resend(id))}
      {failed && button("message-remove", t._remove, (id) => chat.drop(id))}
    </p>,
  );
}
