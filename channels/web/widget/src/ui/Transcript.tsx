import { h, type ComponentChildren, type JSX } from "preact";
import { formatDay, isToday } from "../i18n/format";
import type { Message } from "../protocol/frames";
import { contactForm, mailForm } from "./ContactForm";
import { title } from "./Header";
import { message, notice, unsent } from "./Message";
import { atEnd } from "./scroll";
import { turn, typing } from "./Turn";
import type { Ui } from "./ui";
import { skeleton, welcome } from "./Welcome";

/** Messages further apart than this are not one breath. */
const GROUP_MS = 5 * 60_000;

export function transcript(ui: Ui): JSX.Element {
  const { chat, state, t } = ui;
  const { messages, pending, earlier } = state.conversation;
  const blank = !(messages.length || pending.length || earlier.length);
  return (
    <div class="transcript-frame">
      <div
        class="transcript"
        ref={(log) => void (ui.log = log)}
        role="log"
        aria-live="off"
        aria-label={title(ui)}
        tabIndex={0}
        data-testid="transcript"
        onScroll={() => ui.local.away === atEnd(ui) && ui.set({ away: !ui.local.away })}
      >
        {blank ? chat.returning && !state.loaded && state.link !== "waiting" ? skeleton() : welcome(ui) : <p class="day">{t._intro}</p>}
        {stored(ui, earlier, false)}
        {earlier.length > 0 && notice(ui, "earlier", t._earlier)}
        {stored(ui, messages, true)}
        {unfinished(ui)}
        {mailForm(ui)}
      </div>
    </div>
  );
}

function stored(ui: Ui, list: readonly Message[], current: boolean): ComponentChildren {
  const own = current && list.findLast((m) => m.author === "customer");
  const asking = current && (list.findLast((m) => m.author === "system" && m.status === "queued") ?? list.at(-1));
  return list.flatMap((m, i) => {
    const before = list[i - 1];
    const after = list[i + 1];
    return [
      (before ? day(before) !== day(m) : !isToday(m.timestamp)) && (
        <p key={m.timestamp} class="day">
          {formatDay(ui.language.locale, m.timestamp, ui.t._today)}
        </p>
      ),
      message(ui, m, { first: !together(before, m), last: !together(m, after), newestOwn: m === own, current }),
      m === asking && contactForm(ui),
    ];
  });
}

/** Answers being written, messages on their way, and who is typing. */
function unfinished(ui: Ui): ComponentChildren {
  const { turns, pending, typing: author, messages } = ui.state.conversation;
  const last = messages.at(-1)?.author;
  return [
    turns.map((t, i) => turn(ui, t, i === 0 && last !== "agent")),
    pending.map((p, i) => unsent(ui, p, i === 0 && (turns.length > 0 || last !== "customer"))),
    author && typing(ui, author),
  ];
}

const day = (m: Message): string => new Date(m.timestamp).toDateString();

const together = (a?: Message, b?: Message): boolean =>
  !!a &&
  !!b &&
  a.author === b.author &&
  a.name === b.name &&
  day(a) === day(b) &&
  Date.parse(b.timestamp) - Date.parse(a.timestamp) < GROUP_MS;
