import { Fragment, h, type JSX } from "preact";
import { fill } from "../i18n/language";
import { words } from "../markdown/node";
import { parseMarkdown } from "../markdown/parse";
import { chatIcon, downIcon } from "./icons";
import type { Ui } from "./ui";

export function launcher(ui: Ui): JSX.Element {
  const { chat, t } = ui;
  const { open, unread, conversation } = ui.state;
  const newest = conversation.messages.findLast((m) => m.author !== "customer");
  const label = open ? t._close : t._open;
  const news = !open && unread > 0;
  const toggle = (): void => chat.setOpen(!open);
  return (
    <>
      {news && newest?.content && (
        <div class="teaser" data-testid="teaser" dir="auto" aria-hidden="true" onClick={toggle}>
          {words(parseMarkdown(newest.content)).slice(0, 160)}
        </div>
      )}
      <button
        type="button"
        ref={(element) => void (ui.launcher = element)}
        class={open ? "launcher open" : "launcher"}
        data-testid="launcher"
        aria-label={news ? `${label}. ${fill(t._unread, unread)}` : label}
        aria-expanded={open}
        onClick={toggle}
      >
        {chatIcon()}
        {downIcon()}
        {news && (
          <span class="badge" data-testid="badge">
            {unread > 9 ? "9+" : unread}
          </span>
        )}
      </button>
    </>
  );
}
