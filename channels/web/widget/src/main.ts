import { publish, replayCalls, type Switchboard } from "./api";
import { Chat } from "./chat/chat";
import { Api } from "./connection/api";
import { createHost } from "./host";
import type { Texts } from "./i18n/en";
import { chooseLocale, type Language, languageOf } from "./i18n/language";
import { Retry } from "./connection/backoff";
import { Sessions } from "./session/sessions";
import { Storage } from "./session/storage";
import { readSettings, type Settings } from "./settings";
import css from "./styles/all.css?inline";
import { applyTheme } from "./theme/scheme";
import { mount } from "./ui/mount";

declare global {
  interface Window {
    Switchboard?: Switchboard | unknown[];
  }
}

/** Whether the panel was open on the page before, in this tab. */
const OPEN_KEY = "open";

/** The texts of one language; asked for until they come, as nothing can be said without them. */
function load(url: string, use: (texts: Texts) => void, retry = new Retry()): void {
  fetch(url)
    .then((response) => (response.ok ? (response.json() as Promise<Texts>) : Promise.reject()))
    .then(use, () => retry.later(() => load(url, use, retry)));
}

function start(script: HTMLScriptElement): void {
  const settings = readSettings(script.dataset);
  const { origin } = new URL(script.src);
  const locale = chooseLocale([settings.locale, document.documentElement.lang, ...navigator.languages]);
  load(`${origin}/widget.${languageOf(locale)}.${LOCALES_VERSION}.json`, (texts) => appear(settings, origin, { locale, texts }));
}

function appear(settings: Settings, origin: string, language: Language): void {
  // The script may stand on the page twice; the first one counts.
  if (window.Switchboard && !Array.isArray(window.Switchboard)) return;
  const storage = new Storage(`switchboard:${origin}:`);
  const tab = new Storage(storage.prefix, () => sessionStorage);
  const api = new Api(origin);
  const sessions = new Sessions(storage, api, language.locale, settings.userToken);
  const chat = new Chat(api, storage, sessions, language);
  const { host, root } = createHost(css);
  root.dir = languageOf(language.locale) === "ar" ? "rtl" : "ltr";
  root.lang = language.locale;
  document.body.append(host);
  const stops = [applyTheme(root, host, settings), mount(root, chat, settings, language, storage)];
  chat.events.on("open", () => tab.set(OPEN_KEY, true));
  chat.events.on("close", () => tab.set(OPEN_KEY, false));
  const before = window.Switchboard;
  const published = publish(chat, () => {
    for (const stop of stops) stop();
    chat.destroy();
    host.remove();
    delete window.Switchboard;
  });
  window.Switchboard = published;
  replayCalls(published, before);
  if (tab.get<boolean>(OPEN_KEY) ?? settings.open) chat.setOpen(true);
}

const script = document.currentScript as HTMLScriptElement;
if (document.body) start(script);
else addEventListener("DOMContentLoaded", () => start(script));
