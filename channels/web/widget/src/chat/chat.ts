import type { Api } from "../connection/api";
import { Retry } from "../connection/backoff";
import { Courier } from "../connection/courier";
import { Link, type LinkState } from "../connection/link";
import { Problem } from "../connection/problem";
import { watchWakeups } from "../connection/wakeups";
import { speak } from "../i18n/language";
import type { Pending } from "../protocol/conversation";
import type { Action, Frame, Message, Rating } from "../protocol/frames";
import { type Change, reduce, TYPING_MS } from "../protocol/reduce";
import { readIdentity } from "../session/identity";
import { Outbox } from "../session/outbox";
import { type Session, Sessions } from "../session/sessions";
import type { Storage } from "../session/storage";
import { Uploads } from "../upload/uploads";
import { Events } from "./events";
import { clientId } from "./ids";
import { loadHistory } from "./history";
import { type ChatState, initial, Store } from "./state";

/** A token refused this soon after it was issued will be refused again: the site itself is not allowed. */
const REFUSED_AGAIN_MS = 10_000;
const TYPING_EVERY_MS = 3000;

/** One customer's conversation: what is shown, what is kept, and what goes over the line. */
export class Chat {
  readonly store = new Store<ChatState>(initial);
  readonly events = new Events();
  readonly uploads: Uploads;
  /** Whether there is a past to wait for. */
  readonly returning: boolean;
  private readonly outbox: Outbox;
  private readonly courier: Courier;
  private readonly retry = new Retry();
  private session: Session | null = null;
  private link: Link | null = null;
  /** Between the first attempt to connect and a halt. */
  private busy = false;
  /** Raised by every start and halt, so that an answer to an older attempt is recognised. */
  private attempt = 0;
  private refusedAt = 0;
  private typedAt = 0;
  private quiet: ReturnType<typeof setTimeout> | undefined;
  private readonly stops: (() => void)[];

  constructor(
    private readonly api: Api,
    private readonly storage: Storage,
    private readonly sessions: Sessions,
    private readonly locale: () => string,
  ) {
    this.outbox = new Outbox(storage);
    this.returning = sessions.stored() !== null;
    this.uploads = new Uploads(
      () => this.session && { url: api.uploadUrl(this.session), token: this.session.token },
      () => this.store.state.config,
      () => this.store.set({ uploads: this.uploads.list }),
      (problem) => this.lose(problem.status === 410 ? "ended" : "refused"),
    );
    this.courier = new Courier({
      waiting: () => this.sendable(),
      send: (message) => this.link?.send(this.wire(message)) ?? false,
      polling: () => this.link?.polling ?? false,
      post: (message) => this.api.send(this.session!, message, this.locale()),
      acknowledged: (ack) => this.receive([{ type: "ack", ...ack }]),
      failed: (id, reason) => this.fail(id, reason),
      silent: () => this.link?.drop(),
      lost: (problem) => this.lose(problem.status === 410 ? "ended" : "refused"),
    });
    this.stops = [watchWakeups((certain) => this.wake(certain)), storage.watch((key, removed) => this.otherTab(key, removed))];
    this.loadOutbox();
    // Somebody who talked here before hears of answers without opening the panel first.
    if (this.returning || this.store.state.conversation.pending.length) void this.start();
  }

  /** Opens the line unless it is open; called when the panel opens. */
  connect(): void {
    if (!this.busy) void this.start();
  }

  tryAgain(): void {
    this.store.set({ obstacle: null });
    if (this.retry.waiting) this.retry.now();
    else if (this.link) this.link.wake(true);
    else this.connect();
  }

  send(content: string, action?: Action): void {
    const attachments = action ? [] : this.uploads.take();
    if (!content.trim() && !attachments.length) return;
    this.enqueue({
      client_id: clientId(),
      content: content.trim(),
      attachments,
      created: Date.now(),
      state: "sending",
      user: this.sessions.user,
      ...(action ? { action } : {}),
      ...(attachments.length && this.session ? { session: this.session.session_id } : {}),
    });
  }

  requestPerson(): void {
    this.send(speak(this.locale()).t("personRequest"), "request_person");
  }

  giveContact(content: string): void {
    if (this.session) this.storage.set("contact", this.session.session_id);
    this.store.set({ contactGiven: true });
    this.send(content, "contact");
  }

  resend(id: string): void {
    this.apply({ type: "retried", client_id: id });
    const message = this.store.state.conversation.pending.find((p) => p.client_id === id);
    if (message) this.outbox.save(message);
    this.courier.flush();
    this.tryAgain();
  }

  /** Takes back a message that could not be sent. */
  drop(id: string): void {
    this.outbox.remove(id);
    this.apply({ type: "dropped", client_id: id });
  }

  typing(): void {
    const now = Date.now();
    if (now - this.typedAt < TYPING_EVERY_MS) return;
    this.typedAt = now;
    this.link?.send({ type: "typing" });
  }

  async rate(message: Message, rating: Rating, comment?: string): Promise<void> {
    if (!this.session) throw new Problem(0, "offline");
    const before = message.feedback ?? null;
    this.apply({ type: "rated", id: message.id, rating });
    try {
      await this.api.rate(this.session, message.id, rating, comment);
    } catch (error) {
      this.apply({ type: "rated", id: message.id, rating: before });
      throw error;
    }
  }

  setOpen(open: boolean): void {
    if (open === this.store.state.open) return;
    this.store.set({ open });
    if (open) this.connect();
    this.markRead();
    this.events.emit(open ? "open" : "close", undefined);
  }

  /** The site's token for its signed-in user; null when that user signed out. */
  identify(token: string | null): void {
    this.sessions.userToken = token;
    const user = this.sessions.user;
    if (this.session && this.session.user === user) return;
    const wasStarted = this.busy;
    const wasSomebody = !!this.session?.user;
    // Nobody left behind on a shared computer when the site signs its user out.
    if (!token) this.outbox.clear();
    if (!token || this.session) this.sessions.forget();
    this.reset(!wasSomebody, false);
    this.loadOutbox();
    if (wasStarted || this.store.state.open || this.sessions.stored()) void this.start();
  }

  get email(): string | undefined {
    return readIdentity(this.sessions.userToken)?.email;
  }

  announce(text: string): void {
    this.store.set({ announcement: { key: this.store.state.announcement.key + 1, text } });
  }

  destroy(): void {
    this.halt();
    this.uploads.clear();
    for (const stop of this.stops) stop();
    clearTimeout(this.quiet);
  }

  private async start(): Promise<void> {
    const attempt = ++this.attempt;
    this.busy = true;
    this.store.set({ link: "connecting", obstacle: null });
    try {
      const session = await this.sessions.ensure();
      if (attempt !== this.attempt) return;
      this.session = session;
      this.store.set({ config: session.config, contactGiven: this.storage.get("contact") === session.session_id });
      const history = await loadHistory(this.api, session);
      if (attempt !== this.attempt) return;
      this.retry.succeeded();
      this.apply({ type: "history", messages: history.messages, status: history.status });
      this.store.set({ loaded: true });
      this.markRead();
      this.openLink(session, history.after);
    } catch (error) {
      if (attempt === this.attempt) this.startFailed(Problem.of(error));
    }
  }

  private openLink(session: Session, after: number): void {
    this.link = new Link(this.api, session, after, {
      state: (state) => this.linkState(state),
      frames: (frames) => this.receive(frames),
      lost: (why) => this.lose(why),
    });
  }

  private startFailed(problem: Problem): void {
    const known = this.session;
    if (known && (problem.sessionLost || problem.status === 404)) this.lose(problem.status === 401 ? "refused" : "ended");
    else if (problem.status === 401) this.block("identity");
    else if (problem.status === 403) this.block("forbidden");
    else {
      this.store.set({ link: "waiting" });
      this.retry.later(() => void this.start(), problem.retryAfter * 1000);
    }
  }

  private block(obstacle: "identity" | "forbidden"): void {
    this.halt();
    this.store.set({ obstacle, link: "idle" });
    if (obstacle === "identity") this.events.emit("token-expired", undefined);
  }

  private linkState(state: LinkState): void {
    this.store.set({ link: state });
    if (state !== "online") return;
    this.loadOutbox();
    this.courier.restart();
    this.events.emit("ready", undefined);
  }

  /** The session is over: a new one takes its place, and unsent messages go with it. */
  private lose(why: "ended" | "refused"): void {
    const now = Date.now();
    if (why === "refused" && now - this.refusedAt < REFUSED_AGAIN_MS) {
      this.block("forbidden");
      return;
    }
    if (why === "refused") this.refusedAt = now;
    this.sessions.forget(this.session?.session_id);
    this.reset(true);
    void this.start();
  }

  private halt(): void {
    this.attempt++;
    this.busy = false;
    this.retry.cancel();
    this.courier.stop();
    this.link?.stop();
    this.link = null;
    this.session = null;
  }

  private reset(keepPending: boolean, keepEarlier = keepPending): void {
    this.halt();
    this.apply({ type: "renewed", keep: keepPending, earlier: keepEarlier });
    this.store.set({ loaded: false, contactGiven: false, unread: 0 });
  }

  private loadOutbox(): void {
    for (const message of this.outbox.load(this.sessions.user)) this.apply({ type: "queued", message });
  }

  private wake(certain: boolean): void {
    if (this.retry.waiting) this.retry.now();
    else this.link?.wake(certain);
    this.markRead();
  }

  private otherTab(key: string, removed: boolean): void {
    const sent = Outbox.idOf(key);
    if (sent && removed) {
      this.courier.settle(sent);
      return;
    }
    if (key === "read") this.markRead();
    if (!Sessions.isKey(key) || !this.session) return;
    const stored = this.sessions.stored();
    if (stored && stored.session_id !== this.session.session_id) {
      this.reset(true);
      void this.start();
    }
  }

  private enqueue(message: Pending): void {
    this.outbox.save(message);
    this.apply({ type: "queued", message });
    this.connect();
    this.courier.flush();
  }

  private sendable(): Pending[] {
    const { pending } = this.store.state.conversation;
    for (const p of pending)
      if (p.state === "sending" && p.attachments.length && p.session && this.session && p.session !== this.session.session_id)
        this.fail(p.client_id, "reattach");
    return this.store.state.conversation.pending.filter((p) => p.state === "sending");
  }

  private wire(message: Pending): object {
    return {
      type: "message",
      content: message.content,
      client_id: message.client_id,
      attachments: message.attachments.map((a) => a.id),
      locale: this.locale(),
      ...(message.action ? { action: message.action } : {}),
    };
  }

  private fail(id: string, reason: string): void {
    this.courier.settle(id);
    this.apply({ type: "failed", client_id: id, reason });
    const message = this.store.state.conversation.pending.find((p) => p.client_id === id);
    if (message) this.outbox.save(message);
  }

  private receive(frames: Frame[]): void {
    const before = this.store.state.conversation;
    const now = Date.now();
    let next = before;
    for (const frame of frames) next = reduce(next, { type: "frame", frame, now });
    this.store.set({ conversation: next });
    for (const frame of frames) this.afterFrame(frame, before.messages);
    if (next.status !== before.status) this.events.emit("status", next.status);
    if (next.typing !== before.typing) this.quietLater();
    this.markRead();
  }

  private afterFrame(frame: Frame, known: readonly Message[]): void {
    if ("client_id" in frame && frame.client_id) this.afterAnswer(frame, frame.client_id);
    if ((frame.type === "complete" || frame.type === "message") && frame.author !== "customer" && !known.some((m) => m.id === frame.id))
      this.events.emit("message", frame);
  }

  private afterAnswer(frame: Frame, id: string): void {
    if (frame.type === "ack" || frame.type === "message") {
      this.courier.settle(id);
      this.outbox.remove(id);
    } else if (frame.type === "error") {
      if (frame.code === "rate_limited" || frame.code === "unavailable") this.courier.postpone(id, frame.retry_after ?? 1);
      else this.fail(id, frame.code);
    }
  }

  private quietLater(): void {
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => this.apply({ type: "quiet" }), TYPING_MS);
  }

  /** Counts what came since the customer last looked, here or in another tab. */
  private markRead(): void {
    const { conversation, open, unread } = this.store.state;
    if (!this.session) return;
    const id = this.session.session_id;
    const last = conversation.messages.at(-1)?.cursor ?? 0;
    if (open && document.visibilityState === "visible" && last > readUpTo(this.storage, id)) this.storage.set("read", { id, last });
    const seen = readUpTo(this.storage, id);
    const count = conversation.messages.filter((m) => m.author !== "customer" && m.cursor > seen).length;
    if (count === unread) return;
    this.store.set({ unread: count });
    this.events.emit("unread", count);
  }

  private apply(change: Change): void {
    this.store.set({ conversation: reduce(this.store.state.conversation, change) });
  }
}

function readUpTo(storage: Storage, session: string): number {
  const read = storage.get<{ id: string; last: number }>("read");
  return read?.id === session ? read.last : 0;
}
