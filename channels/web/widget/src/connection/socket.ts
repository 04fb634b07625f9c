import type { Frame } from "../protocol/frames";

/** Opening, authenticating and the first answer together. */
const OPEN_MS = 8000;
const PING_MS = 25_000;
const PONG_MS = 8000;
/** After a wake-up nobody wants to wait long to hear that the line is dead. */
const DOUBT_MS = 3000;

export interface SocketEvents {
  up(): void;
  frame(frame: Frame): void;
  /** Once. `code` is the WebSocket close code; `opened` says whether the server ever answered. */
  down(code: number, opened: boolean): void;
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
    this.socket.onmessage = (event) => this.receive(String(event.data));
    this.socket.onclose = (event) => this.end(event.code);
  }

  send(frame: object): boolean {
    if (!this.opened || this.over) return false;
    this.write(frame);
    return true;
  }

  /** Asks whether the line is alive, and gives it up when no answer comes. */
  doubt(): void {
    if (!this.opened) return;
    this.send({ type: "ping" });
    this.expect(DOUBT_MS);
  }

  /** Gives the line up, reported as a loss. */
  drop(): void {
    this.end(4000);
  }

  /** Closes without a report. */
  close(): void {
    this.over = true;
    this.release();
  }

  private receive(data: string): void {
    if (this.over) return;
    clearTimeout(this.guard);
    let frame: Frame;
    try {
      frame = JSON.parse(data) as Frame;
    } catch {
      return;
    }
    if (!this.opened && frame.type === "status") {
      this.opened = true;
      this.beat = setInterval(() => {
        this.send({ type: "ping" });
        this.expect(PONG_MS);
      }, PING_MS);
      this.events.up();
    }
    this.events.frame(frame);
  }

  private expect(ms: number): void {
    clearTimeout(this.guard);
    this.guard = setTimeout(() => this.drop(), ms);
  }

  private end(code: number): void {
    if (this.over) return;
    this.over = true;
    this.release();
    this.events.down(code, this.opened);
  }

  private release(): void {
    clearTimeout(this.guard);
    clearInterval(this.beat);
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
  }

  private write(frame: object): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }
}
