import { h, type JSX } from "preact";
import { avatar } from "./Avatar";
import { closeIcon } from "./icons";
import type { Ui } from "./ui";

export const title = ({ settings, state, t }: Ui): string => settings.title ?? state.config?.company ?? t._title;

export function header(ui: Ui): JSX.Element {
  const { settings, state, t } = ui;
  const staff = state.conversation.status === "staff" ? state.conversation.messages.findLast((m) => m.author === "staff") : undefined;
  return (
    <div class="header">
      {avatar(!!staff, staff?.name, settings.logo ?? settings.avatar)}
      <div class="names">
        <h2 class="title">{staff?.name ?? title(ui)}</h2>
        <p class="subtitle">{staff ? t._withStaff : (settings.subtitle ?? t._subtitle)}</p>
      </div>
      <button type="button" class="icon" data-testid="close" aria-label={t._close} title={t._close} onClick={() => ui.chat.setOpen(false)}>
        {closeIcon()}
      </button>
    </div>
  );
}
