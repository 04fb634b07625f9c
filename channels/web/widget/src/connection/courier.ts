import type { Pending } from "../protocol/conversation";
import type { Acknowledgement } from "./api";
import { Retry } from "./backoff";
import { Problem } from "./problem";

/** Unacknowledged for this long, the line is taken for dead; the message is sent again on the next one. */
const ACK_MS = 10_000;

export interface Carrier {
  /** What waits to be sent, oldest first. */
  waiting(): readonly Pending[];
  /** Over the socket; false when there is none. */
  send(message: Pending): boolean;
  /** Whether to use `post`. */
  polling(): boolean;
  post(message: Pending): Promise<Acknowledgement>;
  acknowledged(ack: Acknowledgement): void;
  failed(clientId: string, reason: string): void;
  silent(): void;
  lost(problem: Problem): void;
}

/** Carries unsent messages to the server in order, each until it is acknowledged; never drops one. */
export class Courier {
  private readonly sent = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly retry = new Retry();
  private posting = false;

  constructor(private readonly carrier: Carrier) {}

  /** A line is up: what was sent over the old one counts as unsent. */
  restart(): void {
    this.stop();
    this.flush();
  }

  /** Sends what has not been sent over this line. */
  flush(): void {
    if (this.retry.waiting) return;
    if (this.carrier.polling()) {
      void this.post();
      return;
    }
    for (const message of this.carrier.waiting()) {
      if (this.sent.has(message.client_id)) continue;
      if (!this.carrier.send(message)) return;
      this.sent.set(
        message.client_id,
        setTimeout(() => this.carrier.silent(), ACK_MS),
      );
    }
  }

  settle(clientId: string): void {
    clearTimeout(this.sent.get(clientId));
    this.sent.delete(clientId);
  }

  /** The server asks to come back later with this message. */
  postpone(clientId: string, seconds: number): void {
    this.settle(clientId);
    this.retry.later(() => this.flush(), seconds * 1000);
  }

  stop(): void {
    for (const timer of this.sent.values()) clearTimeout(timer);
    this.sent.clear();
    this.retry.cancel();
  }

  private async post(): Promise<void> {
    if (this.posting) return;
    this.posting = true;
    let message: Pending | undefined;
    try {
      while ((message = this.carrier.waiting()[0])) {
        this.carrier.acknowledged(await this.carrier.post(message));
        this.retry.succeeded();
      }
    } catch (error) {
      this.refused(message!, Problem.of(error));
    } finally {
      this.posting = false;
    }
  }

  private refused(message: Pending, problem: Problem): void {
    if (problem.sessionLost) this.carrier.lost(problem);
    else if (problem.passing) this.retry.later(() => this.flush(), problem.retryAfter * 1000);
    else {
      this.carrier.failed(message.client_id, problem.code);
      this.retry.later(() => this.flush());
    }
  }
}
