import { h, type JSX } from "preact";
import { attachable, composer, takeFiles } from "./Composer";
import { trapTab } from "./focus";
import { header, title } from "./Header";
import { clipIcon } from "./icons";
import { sourcePanel } from "./Sources";
import { statusLine } from "./StatusLine";
import { transcript } from "./Transcript";
import type { Ui } from "./ui";

export function panel(ui: Ui): JSX.Element {
  const { chat, state, local, t } = ui;
  const key = (event: KeyboardEvent): void => {
    if (event.key === "Tab" && local.phone) trapTab(event, ui.panel!);
    if (event.key !== "Escape" || event.isComposing) return;
    event.stopPropagation();
    if (local.shown) ui.set({ shown: null });
    else chat.setOpen(false);
  };
  const drag = (event: DragEvent): void => {
    if (!attachable(ui) || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    if (!local.dragging) ui.set({ dragging: true });
  };
  return (
    <section
      ref={(element) => void (ui.panel = element)}
      class={state.open ? "panel open" : "panel"}
      role="dialog"
      aria-label={title(ui)}
      aria-modal={local.phone}
      inert={!state.open}
      tabIndex={-1}
      data-testid="panel"
      onKeyDown={key}
      onDragOver={drag}
      onDragLeave={(event) => !ui.panel?.contains(event.relatedTarget as Node | null) && ui.set({ dragging: false })}
      onDrop={(event) => {
        ui.set({ dragging: false });
        takeFiles(ui, event, event.dataTransfer);
      }}
    >
      <div class="main" inert={!!local.shown}>
        {header(ui)}
        {statusLine(ui)}
        {transcript(ui)}
        {composer(ui)}
      </div>
      {sourcePanel(ui)}
      {local.dragging && (
        <div class="drop" aria-hidden="true">
          {clipIcon()}
          {t._dropHere}
        </div>
      )}
    </section>
  );
}
