import { type Acknowledgement, type Api, wire } from "../connection/api";
import { Retry } from "../connection/backoff";
import { type Carrier, Courier } from "../connection/courier";
import { Link, type LinkEvents, type LinkState } from "../connection/link";
import { Problem } from "../connection/problem";
import { watchWakeups } from "../connection/wakeups";
import type { Language } from "../i18n/language";
import { listen } from "../listen";
import { Conversation, type Pending } from "../protocol/conversation";
import type { Action, Frame, Message, Rating, SessionConfig } from "../protocol/frames";
import { Outbox } from "../session/outbox";
import { readToken, type Session, Sessions } from "../session/sessions";
import type { Storage } from "../session/storage";
import { Uploads } from "../upload/uploads";
import { Events } from "./events";
import { loadHistory } from "./history";
import { clientId } from "./ids";
import { type ChatState, initial } from "./state";

/** A token refused this soon after it was issued will be refused again: the site itself is not allowed. */
const REFUSED_AGAIN_MS = 10_000;
const TYPING_EVERY_MS = 3000;
/** A typing hint is shown this long at most (the protocol's own limit). */
const TYPING_MS = 6000;

/** One customer's conversation: what is shown, what is kept, and what goes over the line. */
export class Chat implements LinkEvents, Carrier {
  readonly state = initial();
  readonly events = new Events();
  /** Called after every change. */
  changed = (): void => undefined;
  readonly uploads: Uploads;
  /** Whether there is a past to wait for. */
  readonly returning: boolean;
  session: Session | null = null;
  private readonly outbox: Outbox;
  private readonly courier = new Courier(this);
  private readonly retry = new Retry();
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
    private readonly language: Language,
  ) {
    this.outbox = new Outbox(storage);
    this.uploads = new Uploads(api.origin, this);
    this.stops = [watchWakeups(() => this.wake()), listen([[window, "storage"]], (event) => this.otherTab(event as StorageEvent))];
    this.loadOutbox();
    this.returning = !!sessions.stored();
    // Somebody who talked here before hears of answers without opening the panel first.
    if (this.returning || this.state.conversation.pending.length) this.connect();
  }

  set(edit: Partial<ChatState>): void {
    Object.assign(this.state, edit);
    this.changed();
  }

  /** Opens the line unless it is open; called when the panel opens. */
  connect(): void {
    if (!this.busy) void this.start();
  }

  tryAgain(): void {
    if (this.retry.waiting) this.retry.now();
    else if (this.link) this.link.wake();
    else this.connect();
  }

  send(content: string, action?: Action): void {
    const attachments = action ? [] : this.uploads.take();
    if (!content.trim() && !attachments.length) return;
    const session = attachments.length ? this.session?.session_id : undefined;
    const message: Pending = {
      client_id: clientId(),
      content: content.trim(),
      attachments,
      action,
      created: Date.now(),
      session,
      user: this.sessions.user,
      state: "sending",
    };
    this.outbox.save(message);
    this.state.conversation.queue(message);
    this.changed();
    this.connect();
    this.courier.flush();
  }

  requestPerson(): void {
    this.send(this.language.texts._personRequest, "request_person");
  }

  withdrawRequest(): void {
    this.send(this.language.texts._withdraw, "withdraw");
  }

  /** Begins a new session. The old one stays on the server, with a request that was recorded in it. */
  startOver(): void {
    this.sessions.forget();
    this.renew(this.state.conversation.pending, []);
    this.connect();
  }

  mailTranscript(email: string): Promise<unknown> {
    return this.api.mail(this.session!, email, this.language.locale);
  }

  giveContact(content: string): void {
    this.storage.set("contact", this.session?.session_id);
    this.set({ contactGiven: true });
    this.send(content, "contact");
  }

  resend(id: string): void {
    this.mark(id, { state: "sending" });
    this.courier.flush();
    this.tryAgain();
  }

  /** Takes back a message that could not be sent. */
  drop(id: string): void {
    this.outbox.remove(id);
    this.state.conversation.remove(id);
    this.changed();
  }

  typing(): void {
    if (Date.now() - this.typedAt < TYPING_EVERY_MS) return;
    this.typedAt = Date.now();
    this.link?.send({ type: "typing" });
  }

  async rate(message: Message, rating: Rating, comment?: string): Promise<void> {
    const before = message.feedback;
    message.feedback = rating;
    this.changed();
    try {
      await this.api.rate(this.session!, message.id, rating, comment);
    } catch (error) {
      message.feedback = before;
      throw error;
    }
  }

  setOpen(open: boolean): void {
    if (open === this.state.open) return;
    this.set({ open });
    if (open) this.connect();
    this.markRead();
    this.events.emit(open ? "open" : "close");
  }

  /** The site's token for its signed-in user; null when that user signed out. */
  identify(token: string | null): void {
    const { sessions } = this;
    sessions.userToken = token;
    if (this.session && this.session.user === sessions.user) return;
    const wasStarted = this.busy;
    const wasSomebody = !!this.session?.user;
    // Nobody left behind on a shared computer when the site signs its user out.
    if (!token) this.outbox.clear();
    if (!token || this.session) sessions.forget();
    this.renew(wasSomebody ? [] : this.state.conversation.pending, []);
    this.loadOutbox();
    if (wasStarted || this.state.open || sessions.stored()) this.connect();
  }

  /** Whether the site's token tells how to reach its user. */
  get reachable(): boolean {
    return !!readToken(this.sessions.userToken ?? "").email;
  }

  destroy(): void {
    this.halt();
    this.uploads.clear();
    for (const stop of this.stops) stop();
    clearTimeout(this.quiet);
  }

  linkState(link: LinkState): void {
    this.set({ link });
    this.courier.stop();
    if (link !== "online") return;
    this.loadOutbox();
    this.courier.flush();
    this.events.emit("ready");
  }

  receive(frames: Frame[]): void {
    const { conversation } = this.state;
    const { status, messages } = conversation;
    for (const frame of frames) {
      conversation.apply(frame);
      if ("config" in frame) this.configure(frame.config);
      this.react(frame, messages);
    }
    if (conversation.status !== status) this.events.emit("status", conversation.status);
    this.changed();
    this.markRead();
  }

  /** The session is over (410) or refused (401): a new one takes its place, and unsent messages go with it. */
  lose(status: number): void {
    const now = Date.now();
    if (status === 401) {
      if (now - this.refusedAt < REFUSED_AGAIN_MS) return this.block("forbidden");
      this.refusedAt = now;
    }
    const { earlier, messages, pending } = this.state.conversation;
    this.sessions.forget(this.session?.session_id);
    this.renew(pending, [...earlier, ...messages]);
    this.connect();
  }

  sendable(): Pending[] {
    const { pending } = this.state.conversation;
    for (const { state, client_id, session } of pending)
      if (state === "sending" && session && this.session && session !== this.session.session_id) this.fail(client_id, "reattach");
    return pending.filter((p) => p.state === "sending");
  }

  push(message: Pending): boolean {
    return !!this.link?.send({ type: "message", ...wire(message, this.language.locale) });
  }

  post(message: Pending): Promise<Acknowledgement> | undefined {
    return this.link?.polling ? this.api.send(this.session!, message, this.language.locale) : undefined;
  }

  acknowledged(ack: Acknowledgement): void {
    this.receive([{ ...ack, type: "ack" }]);
  }

  fail(id: string, reason: string): void {
    this.courier.settle(id);
    this.mark(id, { state: "failed", reason });
  }

  silent(): void {
    this.link?.drop();
  }

  private async start(): Promise<void> {
    const attempt = ++this.attempt;
    this.busy = true;
    this.set({ link: "connecting", obstacle: null });
    try {
      const session = await this.sessions.ensure();
      if (attempt !== this.attempt) return;
      this.session = session;
      const { messages, status, after } = await loadHistory(this.api, session);
      if (attempt !== this.attempt) return;
      this.retry.succeeded();
      const { conversation } = this.state;
      for (const message of messages) conversation.store(message);
      conversation.status = status;
      this.configure(session.config);
      this.set({ loaded: true, contactGiven: this.storage.get("contact") === session.session_id });
      this.markRead();
      this.link = new Link(this.api, session, after, this);
    } catch (error) {
      if (attempt === this.attempt) this.startFailed(Problem.of(error));
    }
  }

  /** The server says anew with every connection how it is set up; it may have been restarted with other settings. */
  private configure(config?: SessionConfig): void {
    if (!config) return;
    this.state.conversation.unattended = !config.features.staff;
    this.set({ config });
  }

  private startFailed({ status, retryAfter, sessionLost }: Problem): void {
    if (this.session && (sessionLost || status === 404)) this.lose(status);
    else if (status === 401) this.block("identity");
    else if (status === 403) this.block("forbidden");
    else {
      this.set({ link: "waiting" });
      this.retry.later(() => void this.start(), retryAfter);
    }
  }

  private block(obstacle: "identity" | "forbidden"): void {
    this.halt();
    this.set({ obstacle, link: "idle" });
    if (obstacle === "identity") return this.events.emit("token-expired");
    console.error(`Switchboard: ${this.api.origin} refuses ${location.origin}. Add it to WIDGET_ORIGINS there.`);
    for (const { client_id } of this.state.conversation.pending) this.fail(client_id, obstacle);
  }

  private halt(): void {
    this.attempt++;
    this.busy = false;
    this.retry.cancel();
    this.courier.stop();
    this.link?.stop();
    this.link = this.session = null;
  }

  private renew(pending: Pending[], earlier: Message[]): void {
    this.halt();
    const conversation = new Conversation(earlier);
    conversation.pending = pending;
    this.set({ conversation, loaded: false, contactGiven: false, unread: 0 });
  }

  private loadOutbox(): void {
    for (const message of this.outbox.load(this.sessions.user)) this.state.conversation.queue(message);
    this.changed();
  }

  private mark(id: string, edit: Partial<Pending>): void {
    const message = this.state.conversation.waiting(id);
    if (message) this.outbox.save(Object.assign(message, edit));
    this.changed();
  }

  private wake(): void {
    if (this.retry.waiting) this.retry.now();
    else this.link?.wake();
    this.markRead();
  }

  private otherTab({ key, newValue }: StorageEvent): void {
    const name = key?.startsWith(this.storage.prefix) ? key.slice(this.storage.prefix.length) : "";
    if (name === "read") this.markRead();
    if (name.startsWith(Outbox.prefix) && !newValue) this.courier.settle(name.slice(Outbox.prefix.length));
    const stored = name === Sessions.key && this.session && this.sessions.stored();
    if (!stored || stored.session_id === this.session?.session_id) return;
    const { pending, earlier, messages } = this.state.conversation;
    this.renew(pending, [...earlier, ...messages]);
    this.connect();
  }

  private react(frame: Frame, known: Message[]): void {
    const id = "client_id" in frame && frame.client_id;
    if (id && frame.type === "error") {
      if (/^(rate_limited|unavailable)$/.test(frame.code)) this.courier.postpone(id, (frame.retry_after ?? 1) * 1000);
      else this.fail(id, frame.code);
    } else if (id) {
      this.courier.delivered(id);
      this.outbox.remove(id);
    } else if ((frame.type === "complete" || frame.type === "message") && !known.some((m) => m.id === frame.id))
      this.events.emit("message", frame);
    if (!this.state.conversation.typing) return;
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => {
      this.state.conversation.typing = null;
      this.changed();
    }, TYPING_MS);
  }

  /** Counts what came since the customer last looked, here or in another tab. */
  private markRead(): void {
    const { conversation, open } = this.state;
    const id = this.session?.session_id;
    const last = conversation.messages.at(-1)?.cursor ?? 0;
    const read = this.storage.get<{ id: string; last: number }>("read");
    let seen = read && read.id === id ? read.last : 0;
    if (open && document.visibilityState === "visible" && last > seen) this.storage.set("read", { id, last: (seen = last) });
    const unread = conversation.messages.filter((m) => m.author !== "customer" && m.cursor > seen).length;
    if (unread === this.state.unread) return;
    this.set({ unread });
    this.events.emit("unread", unread);
  }
}
