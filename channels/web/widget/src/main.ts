import { h, render } from "preact";
import { publish, replayCalls, type Switchboard } from "./api";
import { Chat } from "./chat/chat";
import { Api } from "./connection/api";
import { createHost } from "./host";
import { chooseLocale, speak } from "./i18n/language";
import { Sessions } from "./session/sessions";
import { Storage } from "./session/storage";
import { readSettings } from "./settings";
import css from "./styles/all.css?inline";
import { applyTheme } from "./theme/scheme";
import { App } from "./ui/App";

declare global {
  interface Window {
    Switchboard?: Switchboard | unknown[];
  }
}

/** Whether the panel was open on the page before, in this tab. */
const OPEN_KEY = "open";

function mount(script: HTMLScriptElement): void {
  const settings = readSettings(script.dataset);
  const origin = new URL(script.src, location.href).origin;
  const language = speak(chooseLocale([settings.locale, document.documentElement.lang, ...navigator.languages]));
  const prefix = `switchboard:${origin}:`;
  const storage = new Storage(prefix);
  const tab = new Storage(prefix, () => sessionStorage);
  const api = new Api(origin);
  const sessions = new Sessions(storage, api, () => language.locale);
  sessions.userToken = settings.userToken;
  const chat = new Chat(api, storage, sessions, () => language.locale);
  const { host, root } = createHost(css);
  root.dir = language.direction;
  root.lang = language.locale;
  document.body.append(host);
  const unpaint = applyTheme(root, host, settings);
  chat.events.on("open", () => tab.set(OPEN_KEY, true));
  chat.events.on("close", () => tab.set(OPEN_KEY, false));
  render(h(App, { chat, settings, language }), root);
  const before = window.Switchboard;
  const published = publish(chat, () => {
    render(null, root);
    chat.destroy();
    unpaint();
    host.remove();
    delete window.Switchboard;
  });
  window.Switchboard = published;
  replayCalls(published, before);
  if (tab.get<boolean>(OPEN_KEY) ?? settings.open) chat.setOpen(true);
  document.dispatchEvent(new CustomEvent("switchboard:ready"));
}

const script = (document.currentScript ?? document.querySelector('script[src*="widget.js"]')) as HTMLScriptElement | null;
// The script may stand on the page twice; the first one counts.
if (script && (!window.Switchboard || Array.isArray(window.Switchboard))) {
  if (document.body) mount(script);
  else addEventListener("DOMContentLoaded", () => mount(script), { once: true });
}
