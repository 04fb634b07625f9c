import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Chat } from "../src/chat/chat";
import { Problem } from "../src/connection/problem";
import { en } from "../src/i18n/en";
import { errorText } from "../src/i18n/errors";
import { Storage } from "../src/session/storage";

/** The line of a chat whose session stands, without a network. */
function online() {
  const sent: string[] = [];
  const chat = new Chat({ origin: "http://hub.example" } as never, new Storage("t:"), sessions(), language);
  const send = (frame: { type: string; client_id?: string }) => !!sent.push(frame.client_id ?? frame.type);
  Object.assign(chat, { busy: true, link: { send, stop: () => undefined, drop: () => undefined } });
  return { chat, sent };
}

const language = { locale: "en", texts: en };
const sessions = (problem?: Problem) =>
  ({ user: null, userToken: null, stored: () => null, ensure: () => Promise.reject(problem) }) as never;

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("what the server says over the socket", () => {
  const ids = (chat: Chat) => chat.state.conversation.pending.map((p) => p.client_id);

  it("puts everything off at once, and takes it up in order", () => {
    const { chat, sent } = online();
    for (const text of ["one", "two", "three"]) chat.send(text);
    const all = ids(chat);
    chat.receive(all.map((client_id) => ({ type: "error", code: "unavailable", client_id, retry_after: 2 })));
    expect(sent).toEqual(all);
    vi.advanceTimersByTime(2000);
    expect(sent).toEqual([...all, ...all]);
    expect(chat.state.conversation.pending.every((p) => p.state === "sending")).toBe(true);
  });

  it("forgets the earlier refusals with an ack", () => {
    vi.spyOn(Math, "random").mockReturnValue(1);
    const { chat, sent } = online();
    chat.send("one");
    chat.send("two");
    const [one, two] = ids(chat) as [string, string];
    const refuse = (...list: string[]) =>
      chat.receive(list.map((client_id) => ({ type: "error", code: "rate_limited", client_id, retry_after: 0 })));
    for (let round = 0; round < 6; round++) {
      refuse(one, two);
      vi.advanceTimersByTime(30_000);
    }
    chat.receive([{ type: "ack", client_id: one, id: "m1", cursor: 1 }]);
    sent.length = 0;
    refuse(two);
    vi.advanceTimersByTime(500);
    expect(sent).toEqual([two]);
  });
});

describe("a site that the hub does not let in", () => {
  async function refused(status: number) {
    const said = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const chat = new Chat({ origin: "http://hub.example" } as never, new Storage("t:"), sessions(new Problem(status, "x")), language);
    chat.send("Hello");
    await vi.advanceTimersByTimeAsync(0);
    return { chat, said, message: chat.state.conversation.pending[0]! };
  }

  it("tells its owner what to change, and the visitor that the message stays here", async () => {
    const { chat, said, message } = await refused(403);
    expect(chat.state.obstacle).toBe("forbidden");
    expect(message).toMatchObject({ state: "failed", reason: "forbidden" });
    expect(errorText(en, message.reason)).toBe("Chat is not available on this page");
    expect(said).toHaveBeenCalledTimes(1);
    expect(said.mock.calls[0]![0]).toMatch(new RegExp(`hub\\.example.*${location.origin}.*WIDGET_ORIGINS`));
  });

  it("is not mixed up with a customer whose sign-in has ended", async () => {
    const { chat, said, message } = await refused(401);
    expect(chat.state.obstacle).toBe("identity");
    expect(message.state).toBe("sending");
    expect(said).not.toHaveBeenCalled();
  });
});
