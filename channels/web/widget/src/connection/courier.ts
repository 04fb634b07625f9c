import type { Pending } from "../protocol/conversation";
import type { Acknowledgement } from "./api";
import { Retry } from "./backoff";
import { Problem } from "./problem";

/** Unacknowledged for this long, the line is taken for dead; the message is sent again on the next one. */
const ACK_MS = 10_000;

export interface Carrier {
  /** What waits to be sent, oldest first. */
  sendable(): Pending[];
  /** Over the socket; false when there is none. */
  push(message: Pending): boolean;
  /** By HTTP; undefined when that is not the way now. */
  post(message: Pending): Promise<Acknowledgement> | undefined;
  /** Called for the answer to a post; `delivered` is for it to call, as for what comes over the socket. */
  acknowledged(ack: Acknowledgement): void;
  fail(clientId: string, reason: string): void;
  /** No acknowledgement came. */
  silent(): void;
  lose(status: number): void;
}

/** Carries unsent messages to the server in order, each until it is acknowledged; never drops one. */
export class Courier {
  private readonly sent = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly retry = new Retry();
  private posting = false;

  constructor(private readonly carrier: Carrier) {}

  /** Sends what has not been sent over this line. */
  flush(): void {
    if (this.retry.waiting) return;
    for (const message of this.carrier.sendable()) {
      const id = message.client_id;
      if (this.sent.has(id)) continue;
      if (!this.carrier.push(message)) return void this.post();
      this.sent.set(
        id,
        setTimeout(() => this.carrier.silent(), ACK_MS),
      );
    }
  }

  settle(clientId: string): void {
    clearTimeout(this.sent.get(clientId));
    this.sent.delete(clientId);
  }

  /** The server has it, so the line is well. */
  delivered(clientId: string): void {
    this.settle(clientId);
    this.retry.succeeded();
  }

  /** The server asks to come back later. It refuses what came behind this message too, so that their order is kept: one wait for all. */
  postpone(clientId: string, ms: number): void {
    this.settle(clientId);
    this.retry.later(() => this.flush(), ms);
  }

  /** The line is gone: what was sent over it counts as unsent. */
  stop(): void {
    for (const id of this.sent.keys()) this.settle(id);
    this.retry.cancel();
  }

  /** One after the other, so that their order is kept. */
  private async post(): Promise<void> {
    if (this.posting) return;
    this.posting = true;
    let message: Pending | undefined;
    try {
      while ((message = this.carrier.sendable()[0])) {
        const answer = await this.carrier.post(message);
        if (!answer) break;
        this.carrier.acknowledged(answer);
      }
    } catch (error) {
      this.refused(message!, Problem.of(error));
    }
    this.posting = false;
  }

  private refused({ client_id }: Pending, problem: Problem): void {
    if (problem.sessionLost) return this.carrier.lose(problem.status);
    if (!problem.passing) this.carrier.fail(client_id, problem.code);
    this.postpone(client_id, problem.retryAfter);
  }
}
