import type { JSX } from "preact";
import type { ChatState } from "../chat/state";
import { Avatar } from "./Avatar";
import { useSurroundings } from "./context";
import { CloseIcon } from "./icons";

export function Header({ state, close }: { state: ChatState; close: () => void }): JSX.Element {
  const { settings, language } = useSurroundings();
  const { t } = language;
  const staff = state.conversation.status === "staff" ? state.conversation.messages.findLast((m) => m.author === "staff") : undefined;
  return (
    <header class="header">
      <Avatar author={staff ? "staff" : "agent"} name={staff?.name} src={settings.logo} />
      <div class="names">
        <h2 class="title">{staff?.name || (settings.title ?? state.config?.company ?? t("title"))}</h2>
        <p class="subtitle">{state.conversation.status === "staff" ? t("withStaff") : (settings.subtitle ?? t("subtitle"))}</p>
      </div>
      <button type="button" class="icon" data-testid="close" aria-label={t("close")} title={t("close")} onClick={close}>
        <CloseIcon />
      </button>
    </header>
  );
}
