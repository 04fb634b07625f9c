import { h, type ComponentChildren, type JSX } from "preact";
import { fill } from "../i18n/language";
import { formButtons } from "./Feedback";
import type { Ui } from "./ui";

/** While nobody is there yet: how the customer can be reached afterwards. */
export function contactForm(ui: Ui): JSX.Element | false {
  const { t, chat, state, local } = ui;
  if (state.conversation.status !== "queued" || state.contactGiven || chat.reachable || local.contact === "skipped") return false;
  return addressForm(ui, {
    testid: "contact",
    title: t._contactTitle,
    send: t._contactSend,
    invalid: local.contact === "invalid",
    wrong: () => ui.set({ contact: "invalid" }),
    typed: () => ui.set({ contact: "open" }),
    skip: () => ui.set({ contact: "skipped" }),
    submit: (...given) => chat.giveContact([t._contactLine, ...given.filter(Boolean)].join("\n")),
    more: [input(t._contactName, "name"), input(t._contactPhone, "tel")],
  });
}

/** Where the conversation shall be mailed to; afterwards, that it was sent. */
export function mailForm(ui: Ui): JSX.Element | false {
  const { t, chat, local } = ui;
  const { mail } = local;
  if (mail === "closed") return false;
  if (mail.includes("@"))
    return (
      <p class="notice" role="status" data-testid="mail-sent">
        {fill(t._mailSent, mail)}
      </p>
    );
  return addressForm(ui, {
    testid: "mail",
    title: t._mail,
    send: t._mailSend,
    invalid: mail === "invalid",
    failed: mail === "failed",
    opened: true,
    wrong: () => ui.set({ mail: "invalid" }),
    typed: () => ui.set({ mail: "open" }),
    skip: () => ui.set({ mail: "closed" }),
    submit: (email) =>
      chat.mailTranscript(email!).then(
        () => ui.set({ mail: email as "@" }),
        () => ui.set({ mail: "failed" }),
      ),
  });
}

interface AddressForm {
  testid: string;
  title: string;
  send: string;
  invalid: boolean;
  failed?: boolean;
  /** The address cannot be one; it is written anew; the form is put away. */
  wrong(): void;
  typed(): void;
  skip(): void;
  /** The address, then the further fields in their order. */
  submit(...given: string[]): unknown;
  more?: JSX.Element[];
  /** By a press of the customer, who wants to see it. */
  opened?: boolean;
}

function addressForm({ t }: Ui, { testid, title, send, invalid, failed, wrong, typed, skip, submit, more, opened }: AddressForm): JSX.Element {
  const press = (event: SubmitEvent): void => {
    event.preventDefault();
    const fields = [...(event.currentTarget as HTMLFormElement).querySelectorAll("input")];
    const [email] = fields;
    if (email!.value && email!.validity.valid) submit(...fields.map((field) => field.value.trim()));
    else {
      wrong();
      email!.focus();
    }
  };
  const wrongId = `${testid}-wrong`;
  const bad: ComponentChildren = invalid ? t._contactInvalid : failed && t._mailFailed;
  return (
    <form
      class={`card contact ${opened && "opened"}`}
      data-testid={`${testid}-form`}
      noValidate
      onSubmit={press}
      onInput={() => bad && typed()}
      aria-label={title}
    >
      <h3>{title}</h3>
      {input(t._contactEmail, "email", { required: true, "aria-invalid": invalid, "aria-describedby": wrongId })}
      <p id={wrongId} class="error" role="alert">
        {bad}
      </p>
      {more}
      {formButtons(send, `${testid}-send`, t._skip, skip)}
    </form>
  );
}

const input = (label: string, name: "name" | "email" | "tel", more?: object): JSX.Element => (
  <label>
    {label}
    {h("input", { name, type: name, autocomplete: name, maxLength: 200, ...more } as object)}
  </label>
);
