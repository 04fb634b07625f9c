import type { Api, Credentials } from "../connection/api";
import type { Message, Status } from "../protocol/frames";

/** Everything stored, and the status. Resume after the last message, so that an answer being written now is replayed from its start. */
export async function loadHistory(api: Api, session: Credentials): Promise<{ messages: Message[]; status: Status; after: number }> {
  const messages: Message[] = [];
  for (let after = 0; ;) {
    const page = await api.history(session, after);
    messages.push(...page.messages);
    const last = messages.at(-1)?.cursor ?? 0;
    if (!page.has_more || last <= after) return { messages, status: page.status, after: last };
    after = last;
  }
}
