import type { Texts } from "./en";

/** What to tell the customer about an error code, known or not. */
export function errorText(t: Texts, code = ""): string {
  if (/too_long/.test(code)) return t._errTooLong;
  if (/large|413/.test(code)) return t._errFileSize;
  if (/empty/.test(code)) return t._errFileEmpty;
  if (/program/.test(code)) return t._errFileProgram;
  if (/svg/.test(code)) return t._errFileSvg;
  if (/mismatch/.test(code)) return t._errFileMismatch;
  if (/type|415/.test(code)) return t._errFileType;
  if (/many/.test(code)) return t._errTooMany;
  if (/attach/.test(code)) return t._errReattach;
  if (code === "forbidden") return t._forbidden;
  return code === "offline" ? t._errOffline : t._errOther;
}
