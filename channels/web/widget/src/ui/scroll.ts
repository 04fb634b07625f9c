import type { Ui } from "./ui";

const NEAR_PX = 80;

export const atEnd = ({ log }: Ui): boolean => !log || log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_PX;

export function toEnd({ log }: Ui): void {
  if (log) log.scrollTop = log.scrollHeight;
}
