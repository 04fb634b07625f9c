import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Author } from "../protocol/frames";
import { useSurroundings } from "./context";
import { SparkIcon } from "./icons";

/** Who speaks: the site's picture, a colleague's initials, or the assistant's mark. */
export function Avatar({ author, name, src }: { author: Author; name?: string | null | undefined; src?: string | null }): JSX.Element {
  const { settings } = useSurroundings();
  const [broken, setBroken] = useState(false);
  const picture = author === "staff" ? null : (src ?? settings.avatar ?? settings.logo);
  if (picture && !broken) return <img class="avatar" src={picture} alt="" onError={() => setBroken(true)} />;
  return (
    <span class={`avatar ${author}`} aria-hidden="true">
      {author === "staff" ? initials(name ?? "") : <SparkIcon />}
    </span>
  );
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => [...(word ?? "")][0] ?? "");
  return letters.join("").toUpperCase() || "•";
}
