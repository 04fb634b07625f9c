import { h, type JSX } from "preact";
import { formButtons } from "./Feedback";
import type { Ui } from "./ui";

/** While nobody is there yet: how the customer can be reached afterwards. */
export function contactForm(ui: Ui): JSX.Element | false {
  const { t, chat, state, local } = ui;
  if (state.conversation.status !== "queued" || state.contactGiven || chat.reachable || local.contact === "skipped") return false;
  const invalid = local.contact === "invalid";
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const fields = [...(event.currentTarget as HTMLFormElement).querySelectorAll("input")];
    if (fields[1]!.value && fields[1]!.validity.valid) {
      chat.giveContact([t._contactLine, ...fields.map((field) => field.value.trim()).filter(Boolean)].join("\n"));
      return;
    }
    ui.set({ contact: "invalid" });
    fields[1]!.focus();
  };
  const input = (label: string, name: "name" | "email" | "tel", more?: object): JSX.Element => (
    <label>
      {label}
      {h("input", { name, type: name, autocomplete: name, maxLength: 200, ...more } as object)}
    </label>
  );
  return (
    <form
      class="card contact"
      data-testid="contact-form"
      noValidate
      onSubmit={submit}
      onInput={() => invalid && ui.set({ contact: "open" })}
      aria-label={t._contactTitle}
    >
      <h3>{t._contactTitle}</h3>
      <p>{t._contactHint}</p>
      {input(t._contactName, "name")}
      {input(t._contactEmail, "email", { required: true, "aria-invalid": invalid, "aria-describedby": "bad" })}
      <p id="bad" class="error" role="alert">
        {invalid && t._contactInvalid}
      </p>
      {input(t._contactPhone, "tel")}
      {formButtons(t._contactSend, "contact-send", t._skip, () => ui.set({ contact: "skipped" }))}
    </form>
  );
}
