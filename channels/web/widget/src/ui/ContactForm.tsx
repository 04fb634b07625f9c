import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { useSurroundings } from "./context";

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

/** While nobody is there yet: how the customer can be reached afterwards. */
export function ContactForm(): JSX.Element | null {
  const { chat, language } = useSurroundings();
  const { t } = language;
  const form = useRef<HTMLFormElement>(null);
  const [invalid, setInvalid] = useState(false);
  const [skipped, setSkipped] = useState(false);
  if (skipped) return null;
  const submit = (event: Event): void => {
    event.preventDefault();
    const data = new FormData(form.current!);
    const [name, email, phone] = ["name", "email", "phone"].map((key) => String(data.get(key) ?? "").trim());
    if (!EMAIL.test(email ?? "")) {
      setInvalid(true);
      form.current?.querySelector<HTMLInputElement>("[type=email]")?.focus();
      return;
    }
    const details = [name, email, phone].filter(Boolean).join("\n");
    chat.giveContact(`${t("contactLine")}\n${details}`);
  };
  return (
    <form class="contact card" ref={form} data-testid="contact-form" noValidate onSubmit={submit} aria-labelledby="contact-title">
      <h4 id="contact-title">{t("contactTitle")}</h4>
      <p>{t("contactHint")}</p>
      <label>
        {t("contactName")}
        <input name="name" autocomplete="name" maxLength={120} />
      </label>
      <label>
        {t("contactEmail")}
        <input
          name="email"
          type="email"
          autocomplete="email"
          maxLength={254}
          required
          aria-invalid={invalid}
          aria-describedby={invalid ? "contact-error" : undefined}
          onInput={() => setInvalid(false)}
        />
      </label>
      {invalid && (
        <p class="error" id="contact-error" role="alert">
          {t("contactInvalid")}
        </p>
      )}
      <label>
        {t("contactPhone")}
        <input name="phone" type="tel" autocomplete="tel" maxLength={40} />
      </label>
      <div class="buttons">
        <button type="submit" class="button" data-testid="contact-send">
          {t("contactSend")}
        </button>
        <button type="button" class="text" onClick={() => setSkipped(true)}>
          {t("skip")}
        </button>
      </div>
    </form>
  );
}
