import type { JSX } from "preact";

/** Drawn for this widget: 24 px grid, 1.75 px round strokes. */
const icon =
  (...paths: string[]) =>
  (): JSX.Element => (
    <svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      {paths.map((d) => (
        <path key={d} d={d} />
      ))}
    </svg>
  );

export const ChatIcon = icon("M4 11.5a7.5 7.5 0 0 1 7.5-7.5h1a7.5 7.5 0 0 1 0 15H6.2a.7.7 0 0 1-.5-1.2l.9-.9A7.5 7.5 0 0 1 4 11.5Z", "M9 10.2h6M9 13.4h3.6");
export const DownIcon = icon("m6 9.5 6 6 6-6");
export const CloseIcon = icon("m6.5 6.5 11 11M17.5 6.5l-11 11");
export const SendIcon = icon("M12 19V5.5M6 11l6-6 6 6");
export const ClipIcon = icon("m20 11.3-8.1 8.1a4.9 4.9 0 0 1-7-7l8.2-8a3.3 3.3 0 0 1 4.6 4.6l-8.1 8.1a1.6 1.6 0 0 1-2.3-2.3l7.4-7.4");
export const PersonIcon = icon("M12 11.5a3.75 3.75 0 1 0 0-7.5 3.75 3.75 0 0 0 0 7.5Z", "M4.8 20a7.2 7.2 0 0 1 14.4 0");
export const UpIcon = icon("M7.5 20H5a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1h2.5m0 9V11m0 9h8.9a2.4 2.4 0 0 0 2.4-2l1-5.6A2 2 0 0 0 17.8 10H14V6a2.2 2.2 0 0 0-2.2-2.2L7.5 11");
export const ThumbDownIcon = icon("M16.5 4H19a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1h-2.5m0-9v9m0-9H7.600a2.4 2.4 0 0 0-2.4 2l-1 5.600A2 2 0 0 0 6.2 14H10v4a2.2 2.2 0 0 0 2.2 2.200L16.5 13");
export const BackIcon = icon("M14.5 6 8.5 12l6 6");
export const ForwardIcon = icon("m9.5 6 6 6-6 6");
export const FileIcon = icon("M13.5 3.500H7a1.5 1.5 0 0 0-1.5 1.500v14A1.5 1.5 0 0 0 7 20.500h10a1.5 1.5 0 0 0 1.5-1.500V8.500l-5-5Z", "M13.5 3.500v5h5");
export const LinkIcon = icon("M9 6H6.500A1.5 1.5 0 0 0 5 7.500v10A1.5 1.5 0 0 0 6.5 19h10a1.5 1.5 0 0 0 1.5-1.500V15", "M13 5h6v6M19 5l-8.5 8.5");
export const RetryIcon = icon("M19 12a7 7 0 1 1-2.2-5.100L19 9", "M19 4.500V9h-4.5");
export const AlertIcon = icon("M12 8v4.500M12 15.800v.1", "M12 20.500a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17Z");
export const SearchIcon = icon("M10.8 17a6.2 6.2 0 1 0 0-12.4 6.2 6.2 0 0 0 0 12.400Z", "m19.5 19.5-4.3-4.3");
export const CheckIcon = icon("m5.5 12.5 4.2 4.2 8.8-9.2");
export const CloudOffIcon = icon("M4 4l16 16", "M9.6 6.300A5.7 5.7 0 0 1 17.5 11a4 4 0 0 1 2.4 6.700M16 19H7.500a4.5 4.5 0 0 1-1-8.9");

/** The assistant's own face where the site gave none. */
export const SparkIcon = (): JSX.Element => (
  <svg viewBox="0 0 24 24" width="20" height="20" fill="currentColor" aria-hidden="true">
    <path d="M12 3.500c.5 4.7 3.3 7.5 8 8-4.7.5-7.5 3.3-8 8-.5-4.7-3.3-7.5-8-8 4.7-.5 7.5-3.3 8-8Z" />
  </svg>
);
