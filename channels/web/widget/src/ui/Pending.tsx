import type { JSX } from "preact";
import { errorKey } from "../i18n/errors";
import type { Pending as Unsent } from "../protocol/conversation";
import { Attachments } from "./Attachments";
import { useSurroundings } from "./context";
import { AlertIcon } from "./icons";
import { CustomerText, Row } from "./Message";

/** A message that the server has not confirmed. */
export function Pending({ message, first, online }: { message: Unsent; first: boolean; online: boolean }): JSX.Element {
  const { chat, language } = useSurroundings();
  const { t } = language;
  const failed = message.state === "failed";
  return (
    <Row author="customer" first={first} state={message.state}>
      {message.attachments.length > 0 && <Attachments list={message.attachments} />}
      {message.content && (
        <div class="bubble" dir="auto">
          <CustomerText text={message.content} />
        </div>
      )}
      {failed ? (
        <p class="meta failed" data-testid="message-state" data-state="failed" role="alert">
          <AlertIcon />
          <span>
            {t("failed")}. {t(errorKey(message.reason))}
          </span>
          <button type="button" class="text" data-testid="message-retry" onClick={() => chat.resend(message.client_id)}>
            {t("retry")}
          </button>
          <button type="button" class="text" data-testid="message-remove" onClick={() => chat.drop(message.client_id)}>
            {t("remove")}
          </button>
        </p>
      ) : (
        <p class="meta" data-testid="message-state" data-state="sending">
          {t(online ? "sending" : "waiting")}
        </p>
      )}
    </Row>
  );
}
