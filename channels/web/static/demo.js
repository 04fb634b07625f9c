/* Buttons on the page that open the chat, also before its script has loaded (the calls wait in the list). */
"use strict";

function chat(name, ...values) {
  const api = (window.Switchboard ??= []);
  if (Array.isArray(api)) api.push([name, ...values]);
  else api[name](...values);
}

for (const button of document.querySelectorAll("[data-ask]"))
  button.addEventListener("click", () => chat("ask", button.dataset.ask));
for (const button of document.querySelectorAll("[data-open]"))
  button.addEventListener("click", () => chat("open"));
