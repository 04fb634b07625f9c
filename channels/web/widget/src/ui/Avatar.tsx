import { h, type JSX } from "preact";
import { sparkIcon } from "./icons";

/** Who speaks: the site's picture, a colleague's initials, or the assistant's mark (also under a picture that does not load). */
export const avatar = (staff: boolean, name: string | null | undefined, picture: string | null): JSX.Element => (
  <span class={staff ? "avatar staff" : "avatar"} aria-hidden="true">
    {staff ? initials(name ?? "") : sparkIcon()}
    {picture && !staff && <img src={picture} alt="" onError={(event) => (event.currentTarget.hidden = true)} />}
  </span>
);

function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return [words[0], words.slice(1).at(-1)]
    .map((word) => [...(word ?? "")][0] ?? "")
    .join("")
    .toUpperCase();
}
