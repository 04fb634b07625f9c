import type { Frame } from "../protocol/frames";
import type { Api, Credentials } from "./api";
import { Problem } from "./problem";

const WAIT_S = 25;
/** Between two polls that answered at once, so that a busy turn does not become a busy loop. */
const PAUSE_MS = 150;

export interface PollEvents {
  up(): void;
  frames(frames: Frame[], upto: number): void;
  down(problem: Problem): void;
}

/** The long poll, for networks that let no WebSocket through. */
export class Poll {
  private readonly abort = new AbortController();

  constructor(
    private readonly api: Api,
    private readonly session: Credentials,
    private readonly cursor: () => number,
    private readonly events: PollEvents,
  ) {
    void this.run();
  }

  stop(): void {
    this.abort.abort();
  }

  private async run(): Promise<void> {
    let wait = 0;
    try {
      while (!this.abort.signal.aborted) {
        const answer = await this.api.events(this.session, this.cursor(), wait, this.abort.signal);
        if (this.abort.signal.aborted) return;
        if (wait === 0) this.events.up();
        wait = WAIT_S;
        this.events.frames(answer.frames, answer.cursor);
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    } catch (error) {
      if (!this.abort.signal.aborted) this.events.down(Problem.of(error));
    }
  }
}
