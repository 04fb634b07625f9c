import type { Ui } from "./ui";

const NEAR_PX = 80;
const MARGIN_PX = 16;

/** Where reading goes on: at the end, but never past the beginning of what was said to the customer last. */
function place(log: HTMLElement): number {
  const last = [...log.querySelectorAll<HTMLElement>("[data-author]")].at(-1);
  const end = log.scrollHeight - log.clientHeight;
  return last && last.dataset["author"] !== "customer" ? Math.min(end, last.offsetTop - MARGIN_PX) : end;
}

export const atEnd = ({ log }: Ui): boolean => !log || place(log) - log.scrollTop < NEAR_PX;

/** Scrolls down to what was opened below, until all of it can be seen. */
export function reveal({ log }: Ui, element: HTMLElement): void {
  const below = element.getBoundingClientRect().bottom + MARGIN_PX - log!.getBoundingClientRect().bottom;
  log!.scrollTop += Math.max(0, below);
}

/** Never upwards: who has read on stays there. */
export function toEnd({ log }: Ui): void {
  if (log) log.scrollTop = Math.max(log.scrollTop, place(log));
}
