import type { Pending } from "../protocol/conversation";
import type { Storage } from "./storage";

/** Older than this, a message that was never sent is no longer sent by surprise. */
const MAX_AGE_MS = 7 * 24 * 3600 * 1000;

/** Messages that the server has not confirmed. One key each, so that tabs never overwrite one another. */
export class Outbox {
  static readonly prefix = "out:";

  constructor(private readonly storage: Storage) {}

  save(message: Pending): void {
    this.storage.set(Outbox.prefix + message.client_id, message);
  }

  remove(clientId: string): void {
    this.storage.remove(Outbox.prefix + clientId);
  }

  clear(): void {
    for (const key of this.storage.keys(Outbox.prefix)) this.storage.remove(key);
  }

  /** What this user (or somebody who had not signed in yet) has not sent, oldest first. */
  load(user: string | null): Pending[] {
    const kept: Pending[] = [];
    for (const key of this.storage.keys(Outbox.prefix)) {
      const message = this.storage.get<Pending>(key);
      if (!(Date.now() - (message?.created ?? 0) < MAX_AGE_MS) || !message?.attachments) this.storage.remove(key);
      else if (!message.user || message.user === user) kept.push(message);
    }
    return kept.sort((a, b) => a.created - b.created);
  }
}
