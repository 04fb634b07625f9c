import type { Key } from "./en";

const KEYS: Record<string, Key> = {
  too_long: "errTooLong",
  file_too_large: "errFileSize",
  too_large: "errFileSize",
  http_413: "errFileSize",
  file_type: "errFileType",
  unsupported_type: "errFileType",
  http_415: "errFileType",
  empty_file: "errFileEmpty",
  offline: "errOffline",
  reattach: "errReattach",
  unknown_attachment: "errReattach",
};

/** What to tell the customer about an error code, known or not. */
export const errorKey = (code: string | undefined): Key => KEYS[code ?? ""] ?? "errOther";
