/** Names the files of the languages (locales.ts); filled in by the build. */
declare const LOCALES_VERSION: string;
