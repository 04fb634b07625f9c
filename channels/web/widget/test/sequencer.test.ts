import { beforeEach, describe, expect, it } from "vitest";
import type { Frame, Message } from "../src/protocol/frames";
import { Sequencer } from "../src/protocol/sequencer";

const text = (cursor: number): Frame => ({ type: "text", turn_id: "t", epoch: 1, index: cursor, delta: `${cursor}`, cursor });
const message = (cursor: number): Frame =>
  ({ type: "message", id: `m${cursor}`, cursor, author: "staff", content: "", timestamp: "" }) as { type: "message" } & Message;
const ack = (cursor: number): Frame => ({ type: "ack", client_id: "c", id: "m", cursor });
const resumed = (upto: number): Frame => ({ type: "resumed", after: 0, upto });
const cursors = (frames: Frame[]): (number | undefined)[] => frames.map((f) => ("cursor" in f ? f.cursor : undefined));

describe("Sequencer", () => {
  let sequencer: Sequencer;
  beforeEach(() => {
    sequencer = new Sequencer(5);
  });

  it("lets new frames through and remembers how far it is", () => {
    expect(cursors([...sequencer.push(text(6)), ...sequencer.push(text(8))])).toEqual([6, 8]);
    expect(sequencer.cursor).toBe(8);
  });

  it("drops provisional frames that it had, and passes stored messages, which are known by their id", () => {
    expect(sequencer.push(text(5))).toEqual([]);
    expect(cursors(sequencer.push(message(4)))).toEqual([4]);
    expect(sequencer.cursor).toBe(5);
  });

  it("never resumes from an ack, which may overtake other frames", () => {
    expect(sequencer.push(ack(9))).toHaveLength(1);
    expect(sequencer.cursor).toBe(5);
    expect(cursors(sequencer.push(text(7)))).toEqual([7]);
  });

  it("holds live frames back during a replay, then gives everything in order, once", () => {
    sequencer.begin();
    expect(sequencer.push(text(12))).toEqual([]);
    expect(sequencer.push(text(6))).toEqual([]);
    expect(sequencer.push({ type: "discard", turn_id: "t", cursor: 7 })).toEqual([]);
    expect(sequencer.push(text(12))).toEqual([]);
    expect(cursors(sequencer.push(resumed(11)))).toEqual([6, 7, 12]);
    expect(sequencer.cursor).toBe(12);
    expect(sequencer.replaying).toBe(false);
  });

  it("passes acks and hints at once, also during a replay", () => {
    sequencer.begin();
    expect(sequencer.push(ack(20))).toHaveLength(1);
    expect(sequencer.push({ type: "typing", author: "agent" })).toHaveLength(1);
    expect(sequencer.push({ type: "status", status: "bot", latest: 30 })).toHaveLength(1);
  });

  it("moves on over cursors that nothing was left of", () => {
    sequencer.begin();
    sequencer.push(resumed(40));
    expect(sequencer.cursor).toBe(40);
  });

  it("forgets half a replay, so that the next one brings it whole", () => {
    sequencer.begin();
    sequencer.push(text(6));
    sequencer.push(text(9));
    sequencer.abandon();
    expect(sequencer.cursor).toBe(5);
    sequencer.begin();
    for (const c of [6, 7, 8, 9]) sequencer.push(text(c));
    expect(cursors(sequencer.push(resumed(9)))).toEqual([6, 7, 8, 9]);
  });
});
