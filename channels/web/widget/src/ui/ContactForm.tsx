import { h, type ComponentChildren, type JSX } from "preact";
import { fill } from "../i18n/language";
import { formButtons } from "./Feedback";
import { unusable } from "./reachable";
import { reveal } from "./scroll";
import type { Field, FormState, Ui } from "./ui";

/** While no person is there yet: how the customer can be reached afterwards. An e-mail address or a telephone number is enough. */
export function contactForm(ui: Ui): JSX.Element | false {
  const { t, chat, state, local } = ui;
  if (state.conversation.status !== "queued" || state.contactGiven || chat.reachable || local.contact === "skipped") return false;
  return addressForm(ui, {
    testid: "contact",
    title: t._contactTitle,
    send: t._contactSend,
    state: local.contact,
    wrong: t._contactInvalid,
    mark: (contact) => ui.set({ contact }),
    skip: () => ui.set({ contact: "skipped" }),
    submit: (...given) => chat.giveContact([t._contactLine, ...given.filter(Boolean)].join("\n")),
    more: (field) => [input(t._contactName, "name"), field(t._contactPhone, "tel")],
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
    state: mail,
    wrong: t._emailInvalid,
    opened: true,
    mark: (state) => ui.set({ mail: state }),
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
  state: FormState | "skipped" | "closed" | `${string}@${string}`;
  /** What is said of a field that cannot be used. */
  wrong: string;
  /** Remembers which field cannot be used, or that it is written anew. */
  mark(state: "open" | Field): void;
  skip(): void;
  /** The address, then the further fields in their order. */
  submit(...given: string[]): unknown;
  more?(field: typeof input): JSX.Element[];
  /** By a press of the customer, who wants to see it. */
  opened?: boolean;
}

function addressForm(ui: Ui, { testid, title, send, state, wrong, mark, skip, submit, more, opened }: AddressForm): JSX.Element {
  const press = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const fields = [...form.querySelectorAll("input")];
    const bad = unusable(fields);
    if (!bad) submit(...fields.map((field) => field.value.trim()));
    else {
      mark(bad.name as Field);
      // Once it is drawn: the sentence about the field must not push the buttons out of sight.
      queueMicrotask(() => {
        reveal(ui, form);
        bad.focus();
      });
    }
  };
  const { t } = ui;
  const wrongId = `${testid}-wrong`;
  const field: typeof input = (label, name) => input(label, name, { "aria-invalid": state === name, "aria-describedby": wrongId });
  const said: ComponentChildren = /^(email|tel)$/.test(state) ? wrong : state === "failed" && t._mailFailed;
  return (
    <form
      key={testid}
      class={`card contact ${opened && "opened"}`}
      data-testid={`${testid}-form`}
      noValidate
      onSubmit={press}
      onInput={() => said && mark("open")}
      aria-label={title}
    >
      <h3>{title}</h3>
      {field(t._contactEmail, "email")}
      {more?.(field)}
      <p id={wrongId} class="error" role="alert">
        {said}
      </p>
      {formButtons(send, `${testid}-send`, t._skip, skip)}
    </form>
  );
}

const input = (label: string, name: Field | "name", more?: object): JSX.Element => (
  <label>
    {label}
    {h("input", { name, type: name, autocomplete: name, maxLength: 200, ...more } as object)}
  </label>
);
