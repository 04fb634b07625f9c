"use strict";

/** The demo page's buttons. They may be pressed before the widget is there, and also when it never comes. */
(() => {
  const LONG_MS = 6000;

  const toast = document.getElementById("toast");
  const state = document.getElementById("state");
  const again = document.getElementById("again");
  let script = document.getElementById("widget");
  let failed = false;
  let patience = 0;

  const present = () => window.Switchboard && !Array.isArray(window.Switchboard);
  const waited = () => Array.isArray(window.Switchboard);

  function say(text, { retry = false } = {}) {
    state.textContent = text;
    again.hidden = !retry;
    toast.classList.toggle("shown", text !== "");
  }

  function arrived() {
    clearTimeout(patience);
    say("");
  }

  /** Calls the widget, or leaves the call for it to find; of several presses the last one counts. */
  function call(...wanted) {
    if (present()) {
      const [name, ...rest] = wanted;
      window.Switchboard[name](...rest);
      return;
    }
    window.Switchboard = [["on", "open", arrived], wanted];
    if (failed) reload();
    else wait();
  }

  function wait() {
    say("Opening the chat…");
    clearTimeout(patience);
    patience = setTimeout(() => say("The chat is taking longer than usual. It opens as soon as it is here."), LONG_MS);
  }

  function gone() {
    failed = true;
    clearTimeout(patience);
    if (waited()) say("The chat could not be loaded. Please check your connection.", { retry: true });
  }

  function reload() {
    const next = document.createElement("script");
    for (const { name, value } of script.attributes) next.setAttribute(name, value);
    script.replaceWith(next);
    failed = false;
    watch(next);
    wait();
  }

  function watch(element) {
    script = element;
    element.addEventListener("error", gone);
  }

  watch(script);
  again.addEventListener("click", reload);

  for (const button of document.querySelectorAll("[data-ask]")) {
    button.addEventListener("click", () => call("ask", button.dataset.ask));
  }
  for (const button of document.querySelectorAll("[data-open]")) {
    button.addEventListener("click", () => call("open"));
  }

  document.getElementById("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    const field = document.getElementById("question");
    const question = field.value.trim();
    field.value = "";
    if (question) call("ask", question);
    else field.focus();
  });

  // The snippet names the hub that serves this page, and can be copied.
  const snippet = document.getElementById("snippet");
  const copy = document.getElementById("copy");
  document.getElementById("origin").textContent = location.origin;
  copy.hidden = false;

  /** The clipboard is closed to pages without TLS; there the old way still works. */
  async function copied(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      getSelection().selectAllChildren(snippet);
      return document.execCommand("copy");
    }
  }

  let shown = 0;
  copy.addEventListener("click", async () => {
    const done = await copied(snippet.textContent);
    copy.textContent = done ? "Copied" : "Press Ctrl+C";
    state.textContent = done ? "Copied to the clipboard" : "The text is selected. Copy it with your keyboard.";
    clearTimeout(shown);
    shown = setTimeout(() => {
      copy.textContent = "Copy";
      if (!toast.classList.contains("shown")) state.textContent = "";
    }, 2500);
  });
})();
