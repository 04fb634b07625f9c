import { h, type JSX } from "preact";
import { barred } from "../chat/state";
import { uploads } from "./Files";
import { clipIcon, downIcon, personIcon, sendIcon } from "./icons";
import { toEnd } from "./scroll";
import type { Ui } from "./ui";

const MAX_HEIGHT_PX = 132;

export const attachable = ({ state }: Ui): boolean => state.config?.features.attachments !== false;

export function composer(ui: Ui): JSX.Element {
  const { chat, t, state, local } = ui;
  const left = (state.config?.max_message_chars ?? 8000) - local.draft.length;
  const ready = (local.draft.trim() || chat.uploads.list.some((u) => u.attachment)) && left >= 0 && !chat.uploads.busy;
  const submit = (event: Event): void => {
    event.preventDefault();
    if (!ready) return;
    chat.send(local.draft);
    write(ui, "");
    ui.field?.focus();
  };
  return (
    <form class="composer" onSubmit={submit}>
      <fieldset disabled={barred(state)}>
        {uploads(ui)}
        <textarea
          ref={(field) => void (ui.field = field)}
          rows={1}
          {...(local.draft && { dir: "auto" })}
          placeholder={t._placeholder}
          aria-label={t._composer}
          aria-invalid={left < 0}
          data-testid="composer"
          enterkeyhint="send"
          onInput={(event) => {
            write(ui, event.currentTarget.value);
            chat.typing();
          }}
          // During composition Enter belongs to the input method (Japanese, Chinese, Korean).
          onKeyDown={(event) => event.key === "Enter" && !event.shiftKey && !event.isComposing && submit(event)}
          onPaste={(event) => takeFiles(ui, event, event.clipboardData)}
        />
        <div class="tools">
          {attachable(ui) && attach(ui)}
          {person(ui)}
          {left < 500 && (
            <small class={left < 0 ? "error" : ""} role="status">
              {left}
            </small>
          )}
          {local.away && (
            <button type="button" class="icon jump" data-testid="jump" aria-label={t._jump} title={t._jump} onClick={() => toEnd(ui)}>
              {downIcon()}
            </button>
          )}
          <button type="submit" class="send" data-testid="send" aria-label={t._send} title={t._send} disabled={!ready}>
            {sendIcon()}
          </button>
        </div>
      </fieldset>
    </form>
  );
}

function attach({ chat, t, state }: Ui): JSX.Element {
  let input: HTMLInputElement | null;
  return (
    <button type="button" class="icon" data-testid="attach" aria-label={t._attach} title={t._attach} onClick={() => input?.click()}>
      {clipIcon()}
      <input
        ref={(element) => void (input = element)}
        type="file"
        multiple
        hidden
        accept={state.config?.accept.join()}
        data-testid="file-input"
        onClick={(event) => event.stopPropagation()}
        onChange={(event) => {
          chat.uploads.add([...event.currentTarget.files!]);
          event.currentTarget.value = "";
        }}
      />
    </button>
  );
}

function person({ chat, t, state }: Ui): JSX.Element | false {
  const { status, pending } = state.conversation;
  return (
    status !== "queued" &&
    status !== "staff" &&
    !pending.some((p) => p.action === "request_person") && (
      <button type="button" class="person" data-testid="person" onClick={() => chat.requestPerson()}>
        {personIcon()}
        <span>{t._person}</span>
      </button>
    )
  );
}

/** Pasted or dropped files. Text and pictures of the page itself are not files and pass by. */
export function takeFiles(ui: Ui, event: Event, data: DataTransfer | null): void {
  if (!data?.files.length || !attachable(ui)) return;
  event.preventDefault();
  ui.chat.uploads.add(data.files);
}

function write(ui: Ui, draft: string): void {
  const { field } = ui;
  ui.set({ draft });
  if (!field) return;
  field.value = draft;
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight, MAX_HEIGHT_PX)}px`;
}
