import type { ComponentChildren, JSX } from "preact";
import type { Author, Message as Stored } from "../protocol/frames";
import { Attachments } from "./Attachments";
import { Avatar } from "./Avatar";
import { useSurroundings } from "./context";
import { Feedback } from "./Feedback";
import { PersonIcon } from "./icons";
import { Markdown, renderInline } from "./Markdown";
import { linkify } from "../markdown/linkify";
import { Sources } from "./Sources";

interface Frame {
  author: Author;
  name?: string | null | undefined;
  /** First of several by the same author: shows who it is. */
  first: boolean;
  state?: string;
  children: ComponentChildren;
}

/** The row that every message sits in. */
export function Row({ author, name, first, state, children }: Frame): JSX.Element {
  const { t } = useSurroundings().language;
  const who = author === "customer" ? t("you") : name || t(author === "staff" ? "staff" : "agent");
  return (
    <div class={`row ${author}${first ? " first" : ""}`} role="article" aria-label={who} data-testid="message" data-author={author} data-state={state}>
      {author !== "customer" && <span class="gutter">{first && <Avatar author={author} name={name} />}</span>}
      <div class="body">{children}</div>
    </div>
  );
}

interface Props {
  message: Stored;
  first: boolean;
  last: boolean;
  /** Of the present session; an earlier one takes no feedback. */
  current: boolean;
  children?: ComponentChildren;
}

export function Message({ message, first, last, current, children }: Props): JSX.Element {
  const { chat } = useSurroundings();
  if (message.author === "system") return <Notice text={message.content} />;
  const customer = message.author === "customer";
  const sources = message.sources ?? [];
  const rated = current && message.author === "agent" && message.kind !== "notice" && message.kind !== "failure";
  return (
    <Row author={message.author} name={message.name} first={first} {...(customer ? { state: "sent" } : {})}>
      <Bubble message={message} />
      {sources.length > 0 && <Sources sources={sources} />}
      {current && last && offersPerson(message) && chat.store.state.conversation.status === "bot" && <PersonOffer />}
      {rated && (chat.store.state.config?.features?.feedback ?? true) && <Feedback message={message} />}
      {last && !customer && !rated && <Byline message={message} />}
      {children}
    </Row>
  );
}

function Bubble({ message }: { message: Stored }): JSX.Element {
  const { language, showSource } = useSurroundings();
  const sources = message.sources ?? [];
  const files = message.attachments ?? [];
  const cite = {
    count: sources.length,
    label: (n: number) => `${language.t("source", { n })}: ${sources[n - 1]?.title ?? ""}`,
    open: (n: number) => showSource(sources, n - 1),
  };
  return (
    <>
      {files.length > 0 && <Attachments list={files} />}
      {message.content && (
        <div class="bubble" dir="auto">
          {message.author === "customer" ? <CustomerText text={message.content} /> : <Markdown text={message.content} cite={cite} />}
        </div>
      )}
    </>
  );
}

/** A customer's words are shown as typed: their stars are stars. */
export const CustomerText = ({ text }: { text: string }): JSX.Element => <p class="typed">{renderInline(linkify(text))}</p>;

function Byline({ message }: { message: Stored }): JSX.Element {
  const { language } = useSurroundings();
  const who = message.name || language.t(message.author === "staff" ? "staff" : "agent");
  return (
    <p class="meta">
      {who} · {language.time(new Date(message.timestamp))}
    </p>
  );
}

export const Notice = ({ text }: { text: string }): JSX.Element => (
  <div class="notice" data-testid="message" data-author="system">
    <Markdown text={text} />
  </div>
);

const offersPerson = (message: Stored): boolean =>
  message.author === "agent" && (message.requires_escalation === true || message.kind === "unknown" || message.kind === "failure");

function PersonOffer(): JSX.Element {
  const { chat, language } = useSurroundings();
  return (
    <button type="button" class="button soft" data-testid="person-offer" onClick={() => chat.requestPerson()}>
      <PersonIcon />
      {language.t("person")}
    </button>
  );
}
