import { beforeEach, describe, expect, it } from "vitest";
import { Conversation, type Pending, textOf } from "../src/protocol/conversation";
import type { Frame, Message } from "../src/protocol/frames";
import { Sequencer } from "../src/protocol/sequencer";

const pending = (client_id: string, more: Partial<Pending> = {}): Pending => ({
  client_id,
  content: `text ${client_id}`,
  attachments: [],
  created: 1000,
  user: null,
  state: "sending",
  ...more,
});
const stored = (id: string, cursor: number, more: Partial<Message> = {}): Message => ({
  id,
  cursor,
  author: "agent",
  content: id,
  timestamp: "2026-11-21T10:00:00Z",
  ...more,
});
const text = (index: number, delta: string, epoch = 1, cursor = index + 1): Frame => ({
  type: "text",
  turn_id: "t",
  epoch,
  index,
  delta,
  cursor,
});
const complete = (cursor: number, content = "whole"): Frame => ({ type: "complete", ...stored("a1", cursor, { turn_id: "t", content }) });

describe("whether the agent answers", () => {
  it.each([
    ["bot", false, true],
    ["queued", false, false],
    ["queued", true, true],
    ["staff", true, false],
    ["resolved", true, false],
  ] as const)("%s, nobody connected: %s", (status, unattended, answered) => {
    const conversation = new Conversation();
    Object.assign(conversation, { status, unattended });
    expect(conversation.answered).toBe(answered);
  });
});

describe("Conversation", () => {
  let conversation: Conversation;
  const apply = (...frames: Frame[]): void => frames.forEach((frame) => conversation.apply(frame));
  const writing = (): string | undefined => conversation.turns[0] && textOf(conversation.turns[0].deltas);
  const ids = (): string[] => conversation.messages.map((m) => m.id);
  beforeEach(() => {
    conversation = new Conversation();
  });

  describe("a message of the customer", () => {
    it("turns from unsent into stored by its ack", () => {
      conversation.queue(pending("c1"));
      apply({ type: "ack", client_id: "c1", id: "m1", cursor: 3 });
      expect(conversation.pending).toEqual([]);
      expect(conversation.messages).toMatchObject([{ id: "m1", cursor: 3, author: "customer", content: "text c1", client_id: "c1" }]);
      expect(conversation.typing).toBe("agent");
    });

    it("turns into stored by a replay too, when the ack was lost", () => {
      conversation.queue(pending("c1"));
      apply({ type: "message", ...stored("m1", 3, { author: "customer", client_id: "c1" }) });
      expect(conversation.pending).toEqual([]);
      expect(ids()).toEqual(["m1"]);
    });

    it("is one message, however often ack and message come", () => {
      conversation.queue(pending("c1"));
      const ack: Frame = { type: "ack", client_id: "c1", id: "m1", cursor: 3 };
      const message: Frame = {
        type: "message",
        ...stored("m1", 3, { author: "customer", client_id: "c1", timestamp: "2026-11-21T11:11:11Z" }),
      };
      apply(ack, message, ack, message, ack);
      expect(ids()).toEqual(["m1"]);
      expect(conversation.messages[0]!.timestamp).toBe("2026-11-21T11:11:11Z");
    });

    it("is not queued twice, nor once it is stored", () => {
      conversation.queue(pending("c1"));
      conversation.queue(pending("c1"));
      expect(conversation.pending).toHaveLength(1);
      apply({ type: "ack", client_id: "c1", id: "m1", cursor: 3 });
      conversation.queue(pending("c1"));
      expect(conversation.pending).toEqual([]);
    });

    it("raises no hint of typing when no agent will answer", () => {
      conversation.status = "queued";
      conversation.queue(pending("c1"));
      apply({ type: "ack", client_id: "c1", id: "m1", cursor: 3 });
      expect(conversation.typing).toBeNull();
    });
  });

  describe("order", () => {
    it("is that of the cursors, whatever order things come in", () => {
      apply({ type: "message", ...stored("b", 7) }, { type: "message", ...stored("a", 2) }, { type: "complete", ...stored("c", 9) });
      expect(ids()).toEqual(["a", "b", "c"]);
    });

    it("keeps what a later, shorter copy does not say", () => {
      apply({ type: "message", ...stored("a", 2, { feedback: "up" }) }, { type: "message", ...stored("a", 2) });
      expect(conversation.messages[0]!.feedback).toBe("up");
    });
  });

  describe("an answer being written", () => {
    it("shows its sentences in order, and none beyond a gap", () => {
      apply(text(0, "One. "), text(2, "Three."));
      expect(writing()).toBe("One. ");
      apply(text(1, "Two. "));
      expect(writing()).toBe("One. Two. Three.");
    });

    it("doubles nothing that comes again", () => {
      apply(text(0, "One. "), text(0, "One. "), text(0, "other"));
      expect(writing()).toBe("One. ");
    });

    it("is replaced by the stored answer", () => {
      apply(text(0, "One."), complete(5));
      expect(conversation.turns).toEqual([]);
      expect(conversation.messages).toMatchObject([{ id: "a1", content: "whole" }]);
    });

    it("does not come back after the stored answer", () => {
      apply(complete(5), text(0, "One."), { type: "tool_call", turn_id: "t", epoch: 2, name: "x", state: "started", cursor: 6 });
      expect(conversation.turns).toEqual([]);
    });

    it("is withdrawn by a discard, and may begin again at a higher epoch", () => {
      apply(text(0, "Old."), { type: "discard", turn_id: "t", cursor: 4 });
      expect(conversation.turns).toEqual([]);
      apply(text(0, "New.", 2, 5));
      expect(writing()).toBe("New.");
    });

    it("starts over when a successor takes the turn, and ignores the one before", () => {
      apply(text(0, "Old. "), text(0, "New. ", 2, 3), text(1, "zombie", 1, 4), text(1, "More.", 2, 5));
      expect(writing()).toBe("New. More.");
    });

    it("shows what is being done until words come", () => {
      apply({ type: "tool_call", turn_id: "t", epoch: 1, name: "search_knowledge", state: "started", cursor: 1 });
      expect(conversation.turns[0]!.tool).toMatchObject({ name: "search_knowledge", state: "started" });
      apply(text(0, "One.", 1, 2));
      expect(conversation.turns[0]!.tool).toBeNull();
    });

    it("carries its sources", () => {
      apply(
        { type: "sources", turn_id: "t", epoch: 1, cursor: 1, sources: [{ id: "s", title: "T", content: "C" }] },
        text(0, "One. [1]", 1, 2),
      );
      expect(conversation.turns[0]!.sources).toHaveLength(1);
    });
  });

  it("follows the status, and clears typing when an answer is there", () => {
    apply({ type: "typing", author: "staff" }, { type: "status", status: "staff", cursor: 3 });
    expect([conversation.typing, conversation.status]).toEqual(["staff", "staff"]);
    apply({ type: "message", ...stored("m", 4, { author: "staff" }) });
    expect(conversation.typing).toBeNull();
  });
});

/** A whole session with a restart, a discarded turn, staff and two answers. */
const SESSION: Frame[] = [
  { type: "message", ...stored("m1", 1, { author: "customer", client_id: "c1" }) },
  { type: "tool_call", turn_id: "t", epoch: 1, name: "search_knowledge", state: "started", cursor: 2 },
  text(0, "Old. ", 1, 3),
  text(1, "Older.", 1, 4),
  { type: "discard", turn_id: "t", cursor: 5 },
  text(0, "New. ", 2, 6),
  text(1, "Newer.", 2, 7),
  complete(8),
  { type: "message", ...stored("m2", 9, { author: "customer", client_id: "c2" }) },
  { type: "status", status: "queued", cursor: 10 },
  { type: "status", status: "staff", cursor: 11 },
  { type: "message", ...stored("s1", 12, { author: "staff" }) },
  { type: "text", turn_id: "u", epoch: 1, index: 0, delta: "Half", cursor: 13 },
];

describe("resuming", () => {
  const view = (c: Conversation): unknown => [c.messages.map((m) => m.id), c.status, c.turns.map((t) => [t.id, t.epoch, textOf(t.deltas)])];
  const whole = new Conversation();
  SESSION.forEach((frame) => whole.apply(frame));

  it.each(SESSION.map((_, cut) => cut))(
    "after a loss behind frame %i, with live frames during the replay, misses and doubles nothing",
    (cut) => {
      const conversation = new Conversation();
      const sequencer = new Sequencer();
      const push = (frame: Frame): void => sequencer.push(frame).forEach((f) => conversation.apply(f));
      SESSION.slice(0, cut).forEach(push);
      sequencer.abandon();
      sequencer.begin();
      const replay = SESSION.filter((frame) => "cursor" in frame && frame.cursor! > sequencer.cursor);
      // The newest frame also comes live, in the middle of the replay.
      const live = SESSION.at(-1)!;
      const middle = Math.floor(replay.length / 2);
      [...replay.slice(0, middle), live, ...replay.slice(middle)].forEach(push);
      push({ type: "resumed", after: cut, upto: 13 });
      expect(view(conversation)).toEqual(view(whole));
    },
  );

  it("gives the same when everything is replayed over what is there", () => {
    const conversation = new Conversation();
    const sequencer = new Sequencer();
    for (let round = 0; round < 2; round++) {
      sequencer.begin();
      for (const frame of [...SESSION, { type: "resumed", after: 0, upto: 13 } as Frame])
        sequencer.push(frame).forEach((f) => conversation.apply(f));
    }
    expect(view(conversation)).toEqual(view(whole));
  });
});
