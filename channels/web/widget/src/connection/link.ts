import type { Frame } from "../protocol/frames";
import { Sequencer } from "../protocol/sequencer";
import type { Api, Credentials } from "./api";
import { Retry } from "./backoff";
import { poll, type PollEvents } from "./poll";
import type { Problem } from "./problem";
import { Socket, type SocketEvents } from "./socket";

export type LinkState = "connecting" | "online" | "waiting";

/** A replay that stops without saying that it is over: the line is given up and the replay asked for again. */
const REPLAY_MS = 15_000;
/** How long a network that let no WebSocket through is believed, before trying again. */
const POLL_FOR_MS = 120_000;
const TOO_MANY_MS = 15_000;

export interface LinkEvents {
  linkState(state: LinkState): void;
  /** In order, and none twice. */
  receive(frames: Frame[]): void;
  /** The server no longer takes this session (410), or refuses it (401). */
  lose(status: number): void;
}

/** The line to the server: a WebSocket where it opens, long polls where it does not, and again after every loss. */
export class Link implements SocketEvents, PollEvents {
  private readonly sequencer: Sequencer;
  private readonly retry = new Retry();
  private socket: Socket | null = null;
  private stopPoll: (() => void) | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

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
    return !!this.stopPoll;
  }

  send(frame: object): boolean {
    return !!this.socket?.send(frame);
  }

  /** The machine woke up, the tab came back or the network changed. */
  wake(): void {
    if (this.retry.waiting) this.retry.now();
    else if (this.polling) this.connect();
    else this.socket?.doubt();
  }

  /** An expected answer did not come. */
  drop(): void {
    this.socket?.end();
  }

  stop(): void {
    this.retry.cancel();
    this.socket?.end(0, true);
    this.stopPoll?.();
    this.socket = this.stopPoll = null;
    clearTimeout(this.timer);
  }

  socketUp(): void {
    this.retry.succeeded();
    this.sequencer.begin();
    this.send({ type: "resume", after: this.sequencer.cursor });
    this.events.linkState("online");
  }

  socketFrame(frame: Frame): void {
    this.events.receive(this.sequencer.push(frame));
    clearTimeout(this.timer);
    if (this.sequencer.replaying) this.timer = setTimeout(() => this.drop(), REPLAY_MS);
  }

  socketDown(code: number, opened: boolean): void {
    // Half a replay is no place to resume from: the next one brings it whole.
    this.sequencer.abandon();
    this.stop();
    if (code === 4410) this.events.lose(410);
    else if (code === 4403) this.events.lose(401);
    else if (opened || code === 4429 || !navigator.onLine) this.again(code === 4429 ? TOO_MANY_MS : 0);
    else this.stopPoll = poll(this.api, this.session, () => this.sequencer.cursor, this);
  }

  pollUp(): void {
    this.retry.succeeded();
    this.timer = setTimeout(() => this.connect(), POLL_FOR_MS);
    this.events.linkState("online");
  }

  pollFrames(frames: Frame[], upto: number): void {
    this.events.receive([...frames.flatMap((frame) => this.sequencer.push(frame)), ...this.sequencer.finish(upto)]);
  }

  pollDown(problem: Problem): void {
    this.stop();
    if (problem.sessionLost) this.events.lose(problem.status);
    else this.again(problem.retryAfter);
  }

  private connect(): void {
    this.stop();
    this.events.linkState("connecting");
    this.socket = new Socket(`${this.api.origin.replace("http", "ws")}/ws`, this.session.token, this);
  }

  private again(atLeast: number): void {
    this.events.linkState("waiting");
    this.retry.later(() => this.connect(), atLeast);
  }
}
