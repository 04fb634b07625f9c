import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { safeHref } from "../markdown/href";
import type { Attachment } from "../protocol/frames";
import { useSurroundings } from "./context";
import { FileIcon } from "./icons";

/** The files of a message: pictures as pictures, everything else by name. */
export function Attachments({ list }: { list: readonly Attachment[] }): JSX.Element {
  return (
    <div class="files">
      {list.map((file) => (
        <FileView key={file.id} file={file} />
      ))}
    </div>
  );
}

function FileView({ file }: { file: Attachment }): JSX.Element {
  const { language } = useSurroundings();
  const [broken, setBroken] = useState(false);
  const href = safeHref(file.url) ?? undefined;
  const picture = href && !broken && /^image\/(png|jpe?g|gif|webp|avif)$/.test(file.media_type);
  return (
    <a class={picture ? "picture" : "file"} data-testid="attachment" {...(href ? { href } : {})} target="_blank" rel="noopener noreferrer" title={file.name}>
      {picture ? (
        <img src={href} alt={file.name} loading="lazy" onError={() => setBroken(true)} />
      ) : (
        <>
          <FileIcon />
          <span class="file-name">{file.name}</span>
          <span class="file-size">{language.size(file.size)}</span>
        </>
      )}
    </a>
  );
}
