import { h, type JSX } from "preact";
import { avatar } from "./Avatar";
import { closeIcon, mailIcon, soundIcon } from "./icons";
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
      {state.config?.features.transcript &&
        state.conversation.messages.length > 0 &&
        button("mail", t._mail, mailIcon(), () => ui.set({ mail: "open" }))}
      {button("sound", t._sound, soundIcon(), () => ui.sound.toggle(), ui.sound.on)}
      {button("close", t._close, closeIcon(), () => ui.chat.setOpen(false))}
    </div>
  );
}

const button = (testid: string, label: string, icon: JSX.Element, press: () => void, pressed?: boolean): JSX.Element => (
  <button type="button" class="icon" data-testid={testid} aria-label={label} title={label} aria-pressed={pressed} onClick={press}>
    {icon}
  </button>
);
