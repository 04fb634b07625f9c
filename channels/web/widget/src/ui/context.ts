import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import type { Chat } from "../chat/chat";
import type { ChatState } from "../chat/state";
import type { Language } from "../i18n/language";
import type { Source } from "../protocol/frames";
import type { Settings } from "../settings";

export interface Surroundings {
  chat: Chat;
  settings: Settings;
  language: Language;
  /** Opens the sources panel at one of an answer's sources. */
  showSource(sources: readonly Source[], index: number): void;
}

export const Context = createContext<Surroundings>(null as unknown as Surroundings);

export const useSurroundings = (): Surroundings => useContext(Context);

export function useChatState(chat: Chat): ChatState {
  const [state, setState] = useState(chat.store.state);
  useEffect(() => {
    setState(chat.store.state);
    return chat.store.subscribe(() => setState(chat.store.state));
  }, [chat]);
  return state;
}
