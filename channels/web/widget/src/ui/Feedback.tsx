import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Message, Rating } from "../protocol/frames";
import { useSurroundings } from "./context";
import { ThumbDownIcon, UpIcon } from "./icons";

type Step = "idle" | "comment" | "thanks" | "failed";

/** Thumbs under an answer, and room for a word about it. The last rating counts. */
export function Feedback({ message }: { message: Message }): JSX.Element {
  const { chat, language } = useSurroundings();
  const [step, setStep] = useState<Step>("idle");
  const rate = async (rating: Rating, comment?: string): Promise<void> => {
    setStep(comment === undefined ? "comment" : "thanks");
    try {
      await chat.rate(message, rating, comment);
    } catch {
      setStep("failed");
    }
  };
  return (
    <div class="feedback">
      <Thumb rating="up" message={message} rate={rate} />
      <Thumb rating="down" message={message} rate={rate} />
      <span class="note" role="status">
        {step === "thanks" && language.t("thanks")}
        {step === "failed" && language.t("errOther")}
      </span>
      {step === "comment" && message.feedback && (
        <Comment send={(comment) => rate(message.feedback!, comment)} close={() => setStep("thanks")} />
      )}
    </div>
  );
}

function Thumb({ rating, message, rate }: { rating: Rating; message: Message; rate: (rating: Rating) => void }): JSX.Element {
  const { t } = useSurroundings().language;
  const label = t(rating === "up" ? "helpful" : "unhelpful");
  const pressed = message.feedback === rating;
  return (
    <button type="button" class="icon small" data-testid={`thumbs-${rating}`} aria-label={label} title={label} aria-pressed={pressed} onClick={() => rate(rating)}>
      {rating === "up" ? <UpIcon /> : <ThumbDownIcon />}
    </button>
  );
}

function Comment({ send, close }: { send: (comment: string) => void; close: () => void }): JSX.Element {
  const { t } = useSurroundings().language;
  const field = useRef<HTMLTextAreaElement>(null);
  const submit = (): void => {
    const comment = field.current?.value.trim();
    if (comment) send(comment);
    else close();
  };
  return (
    <form
      class="comment card"
      data-testid="feedback-form"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <label>
        {t("commentLabel")}
        <textarea ref={field} rows={2} maxLength={2000} data-testid="feedback-comment" />
      </label>
      <div class="buttons">
        <button type="submit" class="button" data-testid="feedback-send">
          {t("commentSend")}
        </button>
        <button type="button" class="text" onClick={close}>
          {t("skip")}
        </button>
      </div>
    </form>
  );
}
