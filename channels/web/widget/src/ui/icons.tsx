import { h, type JSX } from "preact";

/** Drawn for this widget: 24 px grid, round strokes. */
const icon = (d: string, fill = "none"): JSX.Element => (
  <svg viewBox="0 0 24 24" width="20" height="20" fill={fill} stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
    <path d={d} />
  </svg>
);

export const chatIcon = (): JSX.Element => icon("M4 11.5a7.5 7.5 0 0 1 7.5-7.5h1a7.5 7.5 0 0 1 0 15H5l1.5-2A7.5 7.5 0 0 1 4 11.5ZM9 10h6M9 13.5h4");
export const downIcon = (): JSX.Element => icon("m6 9 6 6 6-6");
export const forwardIcon = (): JSX.Element => icon("m9 6 6 6-6 6");
export const backIcon = (): JSX.Element => icon("m15 6-6 6 6 6");
export const closeIcon = (): JSX.Element => icon("m6.5 6.5 11 11m0-11-11 11");
export const sendIcon = (): JSX.Element => icon("M12 19V5.5M6 11l6-6 6 6");
export const clipIcon = (): JSX.Element => icon("m20 11-8.5 8.5a4.5 4.5 0 0 1-6.5-6.5l8.5-8.5a3 3 0 0 1 4.5 4.5l-8.5 8.5a1.5 1.5 0 0 1-2-2l8-8");
export const personIcon = (): JSX.Element => icon("M12 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM5 20a7 7 0 0 1 14 0");
export const thumbIcon = (): JSX.Element => icon("M7.5 20H4v-9h3.5m0 9v-9m0 9h9a2 2 0 0 0 2-1.5l1.5-6a2 2 0 0 0-2-2.5h-4V6a2 2 0 0 0-2-2l-4.5 7");
export const fileIcon = (): JSX.Element => icon("M13.5 3.5H6v17h12V8zv5h4.5");
export const linkIcon = (): JSX.Element => icon("M9 6H5v13h13v-4M13 5h6v6m0-6-8.5 8.5");
export const retryIcon = (): JSX.Element => icon("M19 12a7 7 0 1 1-2-5l2 2V4.5m0 4.5h-4.5");
export const searchIcon = (): JSX.Element => icon("M11 17a6 6 0 1 0 0-12 6 6 0 0 0 0 12Zm4.5-1.5 4 4");
export const checkIcon = (): JSX.Element => icon("m5.5 12.5 4 4 9-9");
/** The assistant's own mark, where the site gave none. */
export const sparkIcon = (): JSX.Element => icon("M12 4c.5 5 3 7.5 8 8-5 .5-7.5 3-8 8-.5-5-3-7.5-8-8 5-.5 7.5-3 8-8Z", "currentColor");
