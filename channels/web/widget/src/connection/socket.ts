import type { Frame } from "../protocol/frames";

/** Opening, authenticating and the first answer together. */
const OPEN_MS = 8000;
const PING_MS = 25_000;
/** Nobody wants to wait long to hear that the line is dead. */
const PONG_MS = 5000;

export interface SocketEvents {
  socketUp(): void;
  socketFrame(frame: Frame): void;
  /** Once. `code` is the WebSocket close code; `opened` says whether the server ever answered. */
  socketDown(code: number, opened: boolean): void;
}

/** One WebSocket from auth to its end; a dead line is noticed by pings. */
export class Socket {
  private readonly socket: WebSocket;
  private opened = false;
  private over = false;
  private guard: ReturnType<typeof setTimeout> | undefined;
  private beat: ReturnType<typeof setInterval> | undefined;

  constructor(
    url: string,
    token: string,
    private readonly events: SocketEvents,
  ) {
    this.socket = new WebSocket(url);
    this.expect(OPEN_MS);
    this.socket.onopen = () => this.write({ type: "auth", token });
    this.socket.onmessage = (event) => this.receive(JSON.parse(event.data as string) as Frame);
    this.socket.onclose = (event) => this.end(event.code);
  }

  send(frame: object): boolean {
    const usable = this.opened && !this.over;
    if (usable) this.write(frame);
    return usable;
  }

  /** Asks whether the line is alive, and gives it up when no answer comes. */
  doubt(): void {
    if (this.send({ type: "ping" })) this.expect(PONG_MS);
  }

  /** Gives the line up, reported as a loss unless it is meant. */
  end(code = 4000, meant = false): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.guard);
    clearInterval(this.beat);
    this.socket.close();
    if (!meant) this.events.socketDown(code, this.opened);
  }

  private receive(frame: Frame): void {
    if (this.over) return;
    clearTimeout(this.guard);
    if (!this.opened && frame.type === "status") {
      this.opened = true;
      this.beat = setInterval(() => this.doubt(), PING_MS);
      this.events.socketUp();
    }
    this.events.socketFrame(frame);
  }

  private expect(ms: number): void {
    clearTimeout(this.guard);
    this.guard = setTimeout(() => this.end(), ms);
  }

  private write(frame: object): void {
    if (this.socket.readyState === 1) this.socket.send(JSON.stringify(frame));
  }
}
