import { h, type JSX } from "preact";
import type { Message, Rating } from "../protocol/frames";
import { thumbIcon } from "./icons";
import type { FeedbackStep, Ui } from "./ui";

/** Thumbs under an answer, and room for a word about it. The last rating counts. */
export function feedback(ui: Ui, message: Message): JSX.Element {
  const { t, local } = ui;
  const step = local.feedback[message.id];
  const go = (next: FeedbackStep): void => ui.set({ feedback: { ...ui.local.feedback, [message.id]: next } });
  const rate = (rating: Rating, comment?: string): void => {
    go(comment ? "thanks" : "comment");
    ui.chat.rate(message, rating, comment).catch(() => go("failed"));
  };
  const thumb = (rating: Rating, label: string): JSX.Element => (
    <button
      type="button"
      class={`icon small ${rating}`}
      data-testid={`thumbs-${rating}`}
      aria-label={label}
      title={label}
      aria-pressed={message.feedback === rating}
      onClick={() => rate(rating)}
    >
      {thumbIcon()}
    </button>
  );
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const comment = ((event.currentTarget as HTMLFormElement).elements[0] as HTMLTextAreaElement).value.trim();
    if (comment && message.feedback) rate(message.feedback, comment);
    else go("thanks");
  };
  return (
    <div class="feedback">
      {thumb("up", t._helpful)}
      {thumb("down", t._unhelpful)}
      <small role="status">{step === "thanks" ? t._thanks : step === "failed" && t._errOther}</small>
      {step === "comment" && (
        <form class="card opened" data-testid="feedback-form" onSubmit={submit}>
          <label>
            {t._commentLabel}
            <textarea rows={2} maxLength={2000} data-testid="feedback-comment" />
          </label>
          {formButtons(t._commentSend, "feedback-send", t._skip, () => go("thanks"))}
        </form>
      )}
    </div>
  );
}

export const formButtons = (send: string, testid: string, skip: string, skipped: () => void): JSX.Element => (
  <div class="buttons">
    <button type="submit" class="button" data-testid={testid}>
      {send}
    </button>
    {textButton("skip", skip, skipped)}
  </div>
);

export const textButton = (testid: string, label: string, press: () => void): JSX.Element => (
  <button type="button" class="text" data-testid={testid} onClick={press}>
    {label}
  </button>
);
