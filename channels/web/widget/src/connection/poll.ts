import type { Frame } from "../protocol/frames";
import type { Api, Credentials } from "./api";
import { Problem } from "./problem";

const WAIT_S = 25;
/** Between two polls, so that a busy turn does not become a busy loop. */
const PAUSE_MS = 150;

export interface PollEvents {
  pollUp(): void;
  pollFrames(frames: Frame[], upto: number): void;
  pollDown(problem: Problem): void;
}

/** The long poll, for networks that let no WebSocket through. Answers how to stop. */
export function poll(api: Api, session: Credentials, cursor: () => number, events: PollEvents): () => void {
  let stopped = false;
  const run = async (wait: number): Promise<void> => {
    try {
      const { frames, cursor: upto, config } = await api.events(session, cursor(), wait);
      if (stopped) return;
      if (!wait) events.pollUp();
      events.pollFrames([{ type: "config", config }, ...frames], upto);
      setTimeout(() => stopped || void run(WAIT_S), PAUSE_MS);
    } catch (error) {
      if (!stopped) events.pollDown(Problem.of(error));
    }
  };
  void run(0);
  return () => {
    stopped = true;
  };
}
