import type { Frame } from "./frames";

/**
 * Puts the frames of one connection into cursor order and says from where to resume.
 *
 * While a replay runs, live frames wait, so that an old `discard` can never take back newer text.
 * `cursor` only moves over frames that came in order: an `ack` overtakes others and never moves it.
 */
export class Sequencer {
  private held: Frame[] | null = null;

  constructor(public cursor = 0) {}

  /** A connection opened and a replay was asked for. */
  begin(): void {
    this.held = [];
  }

  /** The connection broke during the replay: what waited comes again with the next one. */
  abandon(): void {
    this.held = null;
  }

  get replaying(): boolean {
    return this.held !== null;
  }

  /** The frames to apply now, in order; `[]` while they wait or when they are old. */
  push(frame: Frame): Frame[] {
    if (frame.type === "resumed") return this.finish(frame.upto);
    const cursor = "cursor" in frame ? frame.cursor : undefined;
    if (cursor === undefined || frame.type === "ack") return [frame];
    if (this.held) {
      this.held.push(frame);
      return [];
    }
    return this.pass(frame, cursor);
  }

  /** The replay is over (or was given up): let everything through that waited. */
  finish(upto = 0): Frame[] {
    const held = this.held ?? [];
    this.held = null;
    held.sort((a, b) => cursorOf(a) - cursorOf(b));
    const ready = held.flatMap((frame) => this.pass(frame, cursorOf(frame)));
    this.cursor = Math.max(this.cursor, upto);
    return ready;
  }

  private pass(frame: Frame, cursor: number): Frame[] {
    const old = cursor <= this.cursor;
    this.cursor = Math.max(this.cursor, cursor);
    // A stored message is recognised by its id, so a late one is still let through; provisional frames are not.
    return old && frame.type !== "message" && frame.type !== "complete" ? [] : [frame];
  }
}

const cursorOf = (frame: Frame): number => ("cursor" in frame && frame.cursor) || 0;
