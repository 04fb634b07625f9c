import { Fragment, h, render } from "preact";
import type { Chat } from "../chat/chat";
import type { Language } from "../i18n/language";
import type { Storage } from "../session/storage";
import type { Settings } from "../settings";
import { launcher } from "./Launcher";
import { notify } from "./notify";
import { panel } from "./Panel";
import { reveal, toEnd } from "./scroll";
import { Ui } from "./ui";
import { followScreen } from "./viewport";

/** Draws the widget into `root` after every change; answers how to take it away. */
export function mount(root: HTMLElement, chat: Chat, settings: Settings, language: Language, storage: Storage): () => void {
  let queued = false;
  const changed = (): void => {
    if (!queued) queueMicrotask(draw);
    queued = true;
  };
  const ui = new Ui(chat, settings, language, storage);
  let before = { open: false, pending: 0, shown: false, opened: false };
  let asker: HTMLElement | null = null;
  let form: HTMLElement | null = null;

  const draw = (): void => {
    queued = false;
    const { state, local } = ui;
    const now = { open: state.open, pending: state.conversation.pending.length, shown: !!local.shown, opened: before.opened || state.open };
    const active = (root.getRootNode() as ShadowRoot).activeElement as HTMLElement | null;
    const first = now.opened && !before.opened;
    const stay = local.away && now.pending <= before.pending && now.open === before.open;
    render(
      <>
        {now.opened && panel(ui)}
        {settings.launcher && launcher(ui)}
        <div class="sr" aria-live="polite" data-testid="announcer">
          <p key={local.announcement.key}>{local.announcement.text}</p>
        </div>
      </>,
      root,
    );
    if (first) new ResizeObserver(() => ui.local.away || toEnd(ui)).observe(ui.log!);
    if (!stay) toEnd(ui);
    const opened = ui.log?.querySelector<HTMLElement>("form.opened") ?? null;
    if (opened && opened !== form) reveal(ui, opened);
    form = opened;
    // What was pressed may be gone with what it did; the next key must not fall into the page behind.
    if (now.open !== before.open || (now.open && active && !active.isConnected)) moveFocus(ui, now.open);
    if (now.shown && !before.shown) asker = active;
    if (now.shown !== before.shown) (now.shown ? ui.panel!.querySelector<HTMLElement>(".source-panel button") : asker)?.focus();
    before = now;
  };

  chat.changed = changed;
  const stops = [followScreen(ui, root), notify(ui)];
  draw();
  return () => {
    for (const stop of stops) stop();
    queued = true;
    render(null, root);
  };
}

function moveFocus({ panel, field, launcher }: Ui, open: boolean): void {
  // A touch keyboard over the greeting would be rude; elsewhere the cursor waits in the field.
  if (open) (matchMedia("(pointer: coarse)").matches ? panel : field)?.focus({ preventScroll: true });
  else launcher?.focus();
}
