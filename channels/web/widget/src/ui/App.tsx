import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Chat } from "../chat/chat";
import type { Language } from "../i18n/language";
import { plainText } from "../markdown/plain";
import type { Settings } from "../settings";
import { Context, useChatState } from "./context";
import { Launcher } from "./Launcher";
import { Panel } from "./Panel";

export interface Props {
  chat: Chat;
  settings: Settings;
  language: Language;
}

export function App({ chat, settings, language }: Props): JSX.Element {
  const state = useChatState(chat);
  const launcher = useRef<HTMLButtonElement>(null);
  const opened = useRef(false);
  opened.current ||= state.open;
  useAnnouncements(chat, language);
  const close = (): void => {
    chat.setOpen(false);
    launcher.current?.focus();
  };
  return (
    <Context.Provider value={{ chat, settings, language, showSource: () => undefined }}>
      {opened.current && <Panel state={state} close={close} />}
      {settings.launcher && <Launcher state={state} button={launcher} toggle={() => chat.setOpen(!state.open)} />}
      <div class="sr" aria-live="polite" data-testid="announcer">
        <p key={state.announcement.key}>{state.announcement.text}</p>
      </div>
    </Context.Provider>
  );
}

/** A screen reader hears whole messages, once, when they are final; never the stream. */
function useAnnouncements(chat: Chat, language: Language): void {
  useEffect(
    () =>
      chat.events.on("message", (message) => {
        if (!chat.store.state.open) return;
        const who = message.name || language.t(message.author === "staff" ? "staff" : "agent");
        const text = plainText(message.content);
        chat.announce(message.author === "system" ? text : `${who}: ${text}`);
      }),
    [chat, language],
  );
}
