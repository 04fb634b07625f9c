import type { JSX } from "preact";
import { errorKey } from "../i18n/errors";
import type { Upload } from "../upload/uploads";
import { useSurroundings } from "./context";
import { CloseIcon, FileIcon, RetryIcon } from "./icons";

/** The files beside the message being written, with their progress. */
export function UploadList({ uploads, limit }: { uploads: readonly Upload[]; limit: number }): JSX.Element | null {
  if (!uploads.length) return null;
  return (
    <ul class="uploads">
      {uploads.map((upload) => (
        <UploadRow key={upload.key} upload={upload} limit={limit} />
      ))}
    </ul>
  );
}

function UploadRow({ upload, limit }: { upload: Upload; limit: number }): JSX.Element {
  const { chat, language } = useSurroundings();
  const { t } = language;
  const { name, size } = upload.file;
  const label = upload.state === "done" ? t("uploaded", { name }) : t("uploading", { name });
  return (
    <li class="upload" data-testid="upload" data-state={upload.state}>
      <FileIcon />
      <span class="upload-text">
        <span class="file-name">{name}</span>
        <span class="file-size" role={upload.state === "failed" ? "alert" : undefined}>
          {upload.state === "failed" ? t(errorKey(upload.reason), { n: language.size(limit) }) : language.size(size)}
        </span>
        {upload.state === "uploading" && (
          <progress value={upload.progress} max={1} aria-label={label} data-testid="upload-progress" />
        )}
      </span>
      {upload.state === "failed" && upload.reason !== "file_too_large" && upload.reason !== "file_type" && (
        <button type="button" class="icon small" data-testid="upload-retry" aria-label={`${t("retry")}: ${name}`} onClick={() => chat.uploads.retry(upload.key)}>
          <RetryIcon />
        </button>
      )}
      <button
        type="button"
        class="icon small"
        data-testid="upload-cancel"
        aria-label={`${t(upload.state === "uploading" ? "cancel" : "remove")}: ${name}`}
        onClick={() => chat.uploads.cancel(upload.key)}
      >
        <CloseIcon />
      </button>
    </li>
  );
}
