import { h, type JSX } from "preact";

/** Drawn for this widget: 24 px grid, round strokes. */
const icon = (d: string, fill = "none"): JSX.Element => (
  <svg
    viewBox="0 0 24 24"
    width="20"
    height="20"
    fill={fill}
    stroke="currentColor"
    stroke-width="1.75"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    <path d={d} />
  </svg>
);

export const chatIcon = (): JSX.Element => icon("M4 12a8 8 0 0 1 16 0 8 8 0 0 1-8 8H4l2-3a8 8 0 0 1-2-5Zm5-2h6m-6 4h4");
export const downIcon = (): JSX.Element => icon("m6 9 6 6 6-6");
export const forwardIcon = (): JSX.Element => icon("m9 6 6 6-6 6");
export const backIcon = (): JSX.Element => icon("m15 6-6 6 6 6");
export const closeIcon = (): JSX.Element => icon("m6 6 12 12m0-12L6 18");
export const sendIcon = (): JSX.Element => icon("M12 19V5m-6 6 6-6 6 6");
export const clipIcon = (): JSX.Element => icon("m20 11-9 9a5 5 0 0 1-7-7l9-9a3 3 0 0 1 5 5l-9 9a1 1 0 0 1-2-2l8-8");
export const personIcon = (): JSX.Element => icon("M12 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6Zm-7 9a7 7 0 0 1 14 0");
export const thumbIcon = (): JSX.Element => icon("M8 20H4v-9h4m0 9v-9m0 9h9a2 2 0 0 0 2-2l1-6a2 2 0 0 0-2-2h-4V6a2 2 0 0 0-2-2l-4 7");
export const fileIcon = (): JSX.Element => icon("M13 4H6v16h12V9l-5-5v5h5");
export const linkIcon = (): JSX.Element => icon("M9 6H5v13h13v-4M13 5h6v6m0-6-9 9");
export const retryIcon = (): JSX.Element => icon("M19 12a7 7 0 1 1-2-5l2 2V4m0 5h-5");
export const mailIcon = (): JSX.Element => icon("M4 6h16v12H4V6l8 7 8-7");
export const soundIcon = (): JSX.Element => icon("M6 16V11a6 6 0 0 1 12 0v5l2 2H4l2-2Zm4 5h4");
export const searchIcon = (): JSX.Element => icon("M11 17a6 6 0 1 0 0-12 6 6 0 0 0 0 12Zm4-2 5 5");
export const checkIcon = (): JSX.Element => icon("m5 12 5 5 9-9");
/** The assistant's own mark, where the site gave none. */
export const sparkIcon = (): JSX.Element => icon("M12 4c1 5 3 7 8 8-5 1-7 3-8 8-1-5-3-7-8-8 5-1 7-3 8-8Z", "currentColor");
