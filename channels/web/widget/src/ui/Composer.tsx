import type { JSX, TargetedEvent } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ChatState } from "../chat/state";
import { useSurroundings } from "./context";
import { ClipIcon, PersonIcon, SendIcon } from "./icons";
import { UploadList } from "./UploadList";

const MAX_HEIGHT_PX = 132;

export function Composer({ state, focusKey }: { state: ChatState; focusKey: number }): JSX.Element {
  const { chat, language } = useSurroundings();
  const { t } = language;
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState("");
  const limit = state.config?.max_message_chars ?? 8000;
  const ready = (text.trim() !== "" || state.uploads.some((u) => u.state === "done")) && text.length <= limit && !state.uploads.some((u) => u.state === "uploading");
  useLayoutEffect(() => grow(field.current!), [text]);
  useEffect(() => {
    if (focusKey) field.current?.focus({ preventScroll: true });
  }, [focusKey]);
  const submit = (): void => {
    if (!ready) return;
    chat.send(text);
    setText("");
    field.current?.focus();
  };
  const typed = (event: TargetedEvent<HTMLTextAreaElement>): void => {
    setText(event.currentTarget.value);
    chat.typing();
  };
  const key = (event: KeyboardEvent): void => {
    // During composition Enter belongs to the input method (Japanese, Chinese, Korean).
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  };
  const paste = (event: ClipboardEvent): void => {
    const files = event.clipboardData?.files;
    if (!files?.length || !attachable(state)) return;
    event.preventDefault();
    chat.uploads.add(files);
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <UploadList uploads={state.uploads} limit={state.config?.max_attachment_bytes ?? 0} />
      <textarea
        ref={field}
        rows={1}
        dir="auto"
        value={text}
        placeholder={t("placeholder")}
        aria-label={t("composer")}
        aria-invalid={text.length > limit}
        data-testid="composer"
        enterkeyhint="send"
        onInput={typed}
        onKeyDown={key}
        onPaste={paste}
      />
      <div class="tools">
        {attachable(state) && <Attach state={state} />}
        <Person state={state} />
        {text.length > limit * 0.9 && (
          <span class={`count${text.length > limit ? " over" : ""}`} role="status">
            {limit - text.length}
          </span>
        )}
        <button type="submit" class="send" data-testid="send" aria-label={t("send")} title={t("send")} disabled={!ready}>
          <SendIcon />
        </button>
      </div>
    </form>
  );
}

function Attach({ state }: { state: ChatState }): JSX.Element {
  const { chat, language } = useSurroundings();
  const input = useRef<HTMLInputElement>(null);
  const label = language.t("attach");
  return (
    <>
      <button type="button" class="icon" data-testid="attach" aria-label={label} title={label} onClick={() => input.current?.click()}>
        <ClipIcon />
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        accept={state.config?.accept?.join(",")}
        data-testid="file-input"
        aria-label={label}
        tabIndex={-1}
        onChange={(event) => {
          chat.uploads.add([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = "";
        }}
      />
    </>
  );
}

function Person({ state }: { state: ChatState }): JSX.Element | null {
  const { chat, language } = useSurroundings();
  const { status, pending } = state.conversation;
  if (status === "queued" || status === "staff" || pending.some((p) => p.action === "request_person")) return null;
  return (
    <button type="button" class="person" data-testid="person" onClick={() => chat.requestPerson()}>
      <PersonIcon />
      <span>{language.t("person")}</span>
    </button>
  );
}

export const attachable = (state: ChatState): boolean => state.config?.features?.attachments !== false;

function grow(field: HTMLTextAreaElement): void {
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight, MAX_HEIGHT_PX)}px`;
}
