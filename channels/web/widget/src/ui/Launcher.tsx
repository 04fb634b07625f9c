import { h, type JSX } from "preact";
import { fill } from "../i18n/language";
import { chatIcon, downIcon } from "./icons";
import type { Ui } from "./ui";

export function launcher(ui: Ui): JSX.Element {
  const { chat, t } = ui;
  const { open, unread } = ui.state;
  const news = !open && unread > 0;
  return (
    <button
      type="button"
      ref={(element) => void (ui.launcher = element)}
      class={open ? "launcher open" : "launcher"}
      data-testid="launcher"
      aria-label={open ? t._close : news ? `${t._open}. ${fill(t._unread, unread)}` : t._open}
      aria-expanded={open}
      onClick={() => chat.setOpen(!open)}
    >
      {chatIcon()}
      {downIcon()}
      {news && (
        <span class="badge" data-testid="badge">
          {unread > 9 ? "9+" : unread}
        </span>
      )}
    </button>
  );
}
