import { h, type JSX } from "preact";
import { errorText } from "../i18n/errors";
import { formatSize } from "../i18n/format";
import { fill } from "../i18n/language";
import { safeHref } from "../markdown/href";
import type { Attachment } from "../protocol/frames";
import type { Upload } from "../upload/uploads";
import { closeIcon, fileIcon, retryIcon } from "./icons";
import type { Ui } from "./ui";

const hide = (event: Event): unknown => ((event.currentTarget as HTMLElement).hidden = true);

/** The files of a message: pictures as pictures, recordings with a player, and by name what is neither or does not load. */
export const files = (ui: Ui, list: readonly Attachment[]): JSX.Element[] =>
  list.flatMap(({ id, name, media_type, size, url }) => {
    const href = safeHref(new URL(url, ui.chat.uploads.origin).href);
    const Kind = (href && media_type.slice(0, 5)) as "audio";
    return [
      /audio|video/.test(Kind) && <Kind src={href as string} onError={hide} controls aria-label={name} />,
      <a key={id} class="file" data-testid="attachment" href={href as string} target="_blank" rel="noopener noreferrer">
        {/image/.test(Kind) && <img src={href as string} onError={hide} alt={name} />}
        {fileIcon()}
        <span class="file-name" dir="auto">
          {name}
        </span>
        <small>{formatSize(ui.language.locale, size)}</small>
      </a>,
    ] as JSX.Element[];
  });

/** The files beside the message being written, with their progress. What was refused stands apart: it does not go with the message. */
export const uploads = (ui: Ui): JSX.Element | false =>
  ui.chat.uploads.list.length > 0 && <ul class="uploads">{ui.chat.uploads.list.map((upload) => row(ui, upload))}</ul>;

function row(ui: Ui, upload: Upload): JSX.Element {
  const { key, file, state, progress, reason } = upload;
  const { t, language, chat } = ui;
  const { name, size } = file;
  const failed = state === "failed";
  const button = (testid: string, label: string, inside: JSX.Element | string, press: () => void): JSX.Element => (
    <button
      type="button"
      class={inside === label ? "button soft" : "icon small"}
      data-testid={testid}
      aria-label={`${label}: ${name}`}
      onClick={press}
    >
      {inside}
    </button>
  );
  return (
    <li key={key} class="upload" data-testid="upload" data-state={state}>
      {fileIcon()}
      <span class="names">
        <span class="file-name">{name}</span>
        <small role={(failed && "alert") as "alert"}>
          {failed
            ? `${t._refused}. ${fill(errorText(t, reason), formatSize(language.locale, ui.state.config?.max_attachment_bytes ?? 0))}`
            : formatSize(language.locale, size)}
        </small>
        {state === "uploading" && <progress value={progress} aria-label={fill(t._uploading, name)} data-testid="upload-progress" />}
      </span>
      {failed && !/^file|type|large|empty/.test(reason!) && button("upload-retry", t._retry, retryIcon(), () => chat.uploads.retry(upload))}
      {button("upload-cancel", state === "uploading" ? t._cancel : t._remove, failed ? t._remove : closeIcon(), () =>
        chat.uploads.cancel(upload),
      )}
    </li>
  );
}
