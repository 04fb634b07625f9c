import type { Frame } from "../protocol/frames";
import { Sequencer } from "../protocol/sequencer";
import type { Api, Credentials } from "./api";
import { Retry } from "./backoff";
import { Poll } from "./poll";
import type { Problem } from "./problem";
import { Socket } from "./socket";

export type LinkState = "connecting" | "online" | "waiting";

/** A replay that stops without saying that it is over: the line is given up and the replay asked for again. */
const REPLAY_MS = 15_000;
/** How long a network that let no WebSocket through is believed, before trying again. */
const POLL_FOR_MS = 120_000;
const TOO_MANY_MS = 15_000;

export interface LinkEvents {
  state(state: LinkState): void;
  /** In order, and none twice. */
  frames(frames: Frame[]): void;
  /** The server no longer takes this session (`ended`), or refuses it (`refused`). */
  lost(why: "ended" | "refused"): void;
}

/** The line to the server: a WebSocket where it opens, long polls where it does not, and again after every loss. */
export class Link {
  private readonly sequencer: Sequencer;
  private readonly retry = new Retry();
  private socket: Socket | null = null;
  private poll: Poll | null = null;
  private replay: ReturnType<typeof setTimeout> | undefined;
  private pollSince: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly api: Api,
    private readonly session: Credentials,
    after: number,
    private readonly events: LinkEvents,
  ) {
    this.sequencer = new Sequencer(after);
    this.connect();
  }

  /** Whether messages go by HTTP, because only long polls get through. */
  get polling(): boolean {
    return this.poll !== null;
  }

  send(frame: object): boolean {
    return this.socket?.send(frame) ?? false;
  }

  /** The machine woke up, the tab came back or the network changed. */
  wake(certain: boolean): void {
    if (this.retry.waiting) this.retry.now();
    else if (this.socket) this.socket.doubt();
    else if (this.poll && certain) this.startPolling();
  }

  /** An expected answer did not come. */
  drop(): void {
    this.socket?.drop();
  }

  stop(): void {
    this.retry.cancel();
    this.socket?.close();
    this.poll?.stop();
    this.socket = this.poll = null;
    clearTimeout(this.replay);
    clearTimeout(this.pollSince);
  }

  private connect(): void {
    this.stop();
    this.events.state("connecting");
    try {
      this.socket = new Socket(this.api.socketUrl, this.session.token, {
        up: () => this.socketUp(),
        frame: (frame) => {
          this.deliver(this.sequencer.push(frame));
          this.guardReplay();
        },
        down: (code, opened) => this.socketDown(code, opened),
      });
    } catch {
      // A content security policy without ws: throws here; https may still be allowed.
      this.startPolling();
    }
  }

  private socketUp(): void {
    this.retry.succeeded();
    this.sequencer.begin();
    this.socket?.send({ type: "resume", after: this.sequencer.cursor });
    this.events.state("online");
  }

  private socketDown(code: number, opened: boolean): void {
    this.stop();
    // Half a replay is no place to resume from: the next one brings it whole.
    this.sequencer.abandon();
    if (code === 4410) this.events.lost("ended");
    else if (code === 4403) this.events.lost("refused");
    else if (code === 4429) this.again(TOO_MANY_MS);
    else if (opened || !navigator.onLine) this.again();
    else this.startPolling();
  }

  private startPolling(): void {
    this.stop();
    this.poll = new Poll(this.api, this.session, () => this.sequencer.cursor, {
      up: () => {
        this.retry.succeeded();
        this.pollSince = setTimeout(() => this.connect(), POLL_FOR_MS);
        this.events.state("online");
      },
      frames: (frames, upto) => this.deliver([...frames.flatMap((f) => this.sequencer.push(f)), ...this.sequencer.finish(upto)]),
      down: (problem) => this.pollDown(problem),
    });
  }

  private pollDown(problem: Problem): void {
    this.stop();
    if (problem.sessionLost) this.events.lost(problem.status === 410 ? "ended" : "refused");
    else this.again(problem.retryAfter * 1000);
  }

  private again(atLeast = 0): void {
    this.events.state("waiting");
    this.retry.later(() => this.connect(), atLeast);
  }

  private deliver(frames: Frame[]): void {
    if (frames.length) this.events.frames(frames);
  }

  private guardReplay(): void {
    clearTimeout(this.replay);
    if (this.sequencer.replaying) this.replay = setTimeout(() => this.drop(), REPLAY_MS);
  }
}
