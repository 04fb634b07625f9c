import type { Api, Credentials } from "../connection/api";
import type { Message, Status } from "../protocol/frames";

export interface History {
  messages: Message[];
  status: Status;
  /** Resume after this: the last stored message, so that an answer being written now is replayed from its start. */
  after: number;
}

export async function loadHistory(api: Api, session: Credentials): Promise<History> {
  const messages: Message[] = [];
  let after = 0;
  for (;;) {
    const page = await api.history(session, after);
    messages.push(...page.messages);
    const last = messages.at(-1)?.cursor ?? 0;
    if (!page.has_more || last <= after) return { messages, status: page.status, after: last };
    after = last;
  }
}
