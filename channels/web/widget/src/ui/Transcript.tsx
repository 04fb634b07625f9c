import type { JSX } from "preact";
import { Fragment } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ChatState } from "../chat/state";
import type { Message as Stored } from "../protocol/frames";
import { ContactForm } from "./ContactForm";
import { useSurroundings } from "./context";
import { DownIcon } from "./icons";
import { Message, Notice } from "./Message";
import { Pending } from "./Pending";
import { Turn, Typing } from "./Turn";
import { Skeleton, Welcome } from "./Welcome";

/** Messages further apart than this are not one breath. */
const GROUP_MS = 5 * 60_000;
const NEAR_END_PX = 80;

export function Transcript({ state }: { state: ChatState }): JSX.Element {
  const { chat, language } = useSurroundings();
  const { t } = language;
  const { conversation } = state;
  const box = useRef<HTMLDivElement>(null);
  const { away, toEnd } = useStickToEnd(box, conversation, state.open);
  const blank = !conversation.messages.length && !conversation.pending.length && !conversation.earlier.length;
  return (
    <div class="transcript-frame">
      <div class="transcript" ref={box} role="log" aria-live="off" aria-label={t("conversation")} tabIndex={0} data-testid="transcript">
        {blank && (chat.returning && !state.loaded && state.link !== "waiting" ? <Skeleton /> : <Welcome state={state} />)}
        <Messages list={conversation.earlier} current={false} />
        {conversation.earlier.length > 0 && <Notice text={t("earlier")} />}
        <Messages list={conversation.messages} current />
        <Unfinished state={state} />
        {conversation.status === "queued" && !state.contactGiven && !chat.email && <ContactForm />}
      </div>
      {away && (
        <button type="button" class="jump" aria-label={t("jump")} title={t("jump")} onClick={toEnd}>
          <DownIcon />
        </button>
      )}
    </div>
  );
}

function Messages({ list, current }: { list: readonly Stored[]; current: boolean }): JSX.Element {
  const { language } = useSurroundings();
  const lastOwn = current ? list.findLast((m) => m.author === "customer") : undefined;
  return (
    <>
      {list.map((message, i) => {
        const before = list[i - 1];
        const after = list[i + 1];
        return (
          <Fragment key={message.turn_id ?? message.client_id ?? message.id}>
            {(!before ? !isToday(message) : day(before) !== day(message)) && <p class="day">{language.day(new Date(message.timestamp))}</p>}
            <Message message={message} first={!before || !together(before, message)} last={!after || !together(message, after)} current={current}>
              {message === lastOwn && (
                <p class="meta" data-testid="message-state" data-state="sent">
                  {language.t("sent")} · {language.time(new Date(message.timestamp))}
                </p>
              )}
            </Message>
          </Fragment>
        );
      })}
    </>
  );
}

/** Answers being written, messages on their way, and who is typing. */
function Unfinished({ state }: { state: ChatState }): JSX.Element {
  const { turns, pending, typing, messages } = state.conversation;
  const last = messages.at(-1)?.author;
  return (
    <>
      {turns.map((turn, i) => (
        <Turn key={turn.id} turn={turn} first={i === 0 && last !== "agent"} />
      ))}
      {pending.map((message, i) => (
        <Pending key={message.client_id} message={message} first={i === 0 && (turns.length > 0 || last !== "customer")} online={state.link === "online"} />
      ))}
      {typing && <Typing author={typing.author} first={last === "customer"} />}
    </>
  );
}

const day = (message: Stored): string => new Date(message.timestamp).toDateString();
const isToday = (message: Stored): boolean => day(message) === new Date().toDateString();
const together = (a: Stored, b: Stored): boolean =>
  a.author === b.author && a.name === b.name && day(a) === day(b) && Date.parse(b.timestamp) - Date.parse(a.timestamp) < GROUP_MS;

/** Stays at the end while the reader is there; where they scrolled up to read, offers the way back. */
function useStickToEnd(box: { current: HTMLDivElement | null }, content: unknown, open: boolean): { away: boolean; toEnd: () => void } {
  const stuck = useRef(true);
  const [away, setAway] = useState(false);
  const toEnd = (): void => {
    const element = box.current;
    if (element) element.scrollTop = element.scrollHeight;
  };
  useEffect(() => {
    const element = box.current!;
    const scrolled = (): void => {
      const near = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PX;
      stuck.current = near;
      setAway(!near);
    };
    const resized = new ResizeObserver(() => stuck.current && toEnd());
    resized.observe(element);
    element.addEventListener("scroll", scrolled, { passive: true });
    return () => {
      resized.disconnect();
      element.removeEventListener("scroll", scrolled);
    };
  }, []);
  const pending = (content as ChatState["conversation"]).pending.length;
  useLayoutEffect(() => {
    stuck.current = true;
  }, [pending, open]);
  useLayoutEffect(() => {
    if (stuck.current) toEnd();
  }, [content, open]);
  return { away, toEnd };
}
