import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Link } from "../src/connection/link";
import { Problem } from "../src/connection/problem";
import { watchWakeups } from "../src/connection/wakeups";
import type { Frame, SessionConfig } from "../src/protocol/frames";

/** The network's end of a WebSocket, in the test's hands. */
class Line {
  static all: Line[] = [];
  static get last(): Line {
    return Line.all.at(-1)!;
  }
  readyState = 0;
  sent: { type: string; after?: number }[] = [];
  onopen?: () => void;
  onmessage?: (event: { data: string }) => void;
  onclose?: (event: { code: number }) => void;
  constructor(readonly url: string) {
    Line.all.push(this);
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.readyState = 3;
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.();
    this.say({ type: "status", status: "bot", latest: 9 });
  }
  say(frame: Frame): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  breaks(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}

const text = (cursor: number): Frame => ({ type: "text", turn_id: "t", epoch: 1, index: cursor, delta: "", cursor });

function setUp() {
  const events = vi.fn();
  const received: Frame[] = [];
  const seen = {
    linkState: (state: string) => events(state),
    receive: (frames: Frame[]) => void received.push(...frames),
    lose: (status: number) => events(`lost ${status}`),
  };
  const api = { origin: "https://server.example", events: vi.fn(() => Promise.resolve({ frames: [] as Frame[], cursor: 5, config: {} as SessionConfig })) };
  const link = new Link(api as never, { session_id: "s", token: "secret" }, 5, seen);
  return { link, api, events, received, states: () => events.mock.calls.map(([state]) => state) };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", Line);
  vi.spyOn(Math, "random").mockReturnValue(1);
  Line.all = [];
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("Link over a WebSocket", () => {
  it("says who it is before anything else, then asks for what it missed", () => {
    const { states } = setUp();
    Line.last.open();
    expect(Line.last.url).toBe("wss://server.example/ws");
    expect(Line.last.sent).toEqual([
      { type: "auth", token: "secret" },
      { type: "resume", after: 5 },
    ]);
    expect(states()).toEqual(["connecting", "online"]);
  });

  it("comes back after a loss and resumes where it was", () => {
    const { states } = setUp();
    Line.last.open();
    Line.last.say({ type: "resumed", after: 5, upto: 9 });
    Line.last.say(text(12));
    Line.last.breaks();
    expect(states().at(-1)).toBe("waiting");
    vi.advanceTimersByTime(600);
    Line.last.open();
    expect(Line.all).toHaveLength(2);
    expect(Line.last.sent[1]).toEqual({ type: "resume", after: 12 });
  });

  it("asks for the whole replay again when it was cut off half way", () => {
    setUp();
    Line.last.open();
    Line.last.say(text(8));
    Line.last.breaks();
    vi.advanceTimersByTime(600);
    Line.last.open();
    expect(Line.last.sent[1]).toEqual({ type: "resume", after: 5 });
  });

  it("gives a line up whose replay stops without an end", () => {
    setUp();
    Line.last.open();
    vi.advanceTimersByTime(15_500);
    expect(Line.all).toHaveLength(2);
  });

  it("notices a line that died without a word", () => {
    const { states } = setUp();
    Line.last.open();
    Line.last.say({ type: "resumed", after: 5, upto: 9 });
    vi.advanceTimersByTime(25_000);
    expect(Line.last.sent.at(-1)).toEqual({ type: "ping" });
    Line.last.say({ type: "pong" });
    vi.advanceTimersByTime(20_000);
    expect(states().at(-1)).toBe("online");
    vi.advanceTimersByTime(10_500);
    expect(states()).toContain("waiting");
  });

  it("doubts the line after a wake-up, and does not wait for the next try", () => {
    const { link, states } = setUp();
    Line.last.open();
    Line.last.say({ type: "resumed", after: 5, upto: 9 });
    link.wake();
    expect(Line.last.sent.at(-1)).toEqual({ type: "ping" });
    vi.advanceTimersByTime(5000);
    expect(states().at(-1)).toBe("waiting");
    link.wake();
    expect(Line.all).toHaveLength(2);
  });

  it.each([
    [4410, "lost 410"],
    [4403, "lost 401"],
  ])("says that the session is lost at %i", (code, event) => {
    const { states } = setUp();
    Line.last.breaks(code);
    expect(states().at(-1)).toBe(event);
    vi.advanceTimersByTime(60_000);
    expect(Line.all).toHaveLength(1);
  });

  it("stays away for a while when there are too many", () => {
    setUp();
    Line.last.open();
    Line.last.breaks(4429);
    vi.advanceTimersByTime(14_000);
    expect(Line.all).toHaveLength(1);
    vi.advanceTimersByTime(1500);
    expect(Line.all).toHaveLength(2);
  });

  it("is silent once it is stopped", () => {
    const { link, events } = setUp();
    Line.last.open();
    link.stop();
    events.mockClear();
    Line.last.breaks();
    vi.advanceTimersByTime(60_000);
    expect(events).not.toHaveBeenCalled();
    expect(Line.all).toHaveLength(1);
  });
});

describe("Link where no WebSocket opens", () => {
  it("polls at once, and tries the WebSocket again later", async () => {
    const { link, api, states, received } = setUp();
    const config = { company: "Renamed" } as SessionConfig;
    api.events.mockResolvedValueOnce({ frames: [text(6), text(7)], cursor: 8, config });
    Line.last.breaks();
    await vi.advanceTimersByTimeAsync(0);
    expect(api.events).toHaveBeenLastCalledWith(expect.anything(), 5, 0);
    expect(states().at(-1)).toBe("online");
    expect(link.polling).toBe(true);
    expect(received).toEqual([{ type: "config", config }, text(6), text(7)]);
    await vi.advanceTimersByTimeAsync(200);
    expect(api.events).toHaveBeenLastCalledWith(expect.anything(), 8, 25);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(Line.all).toHaveLength(2);
  });

  it("waits and begins again with the WebSocket when HTTP fails too", async () => {
    const { api, states } = setUp();
    api.events.mockRejectedValueOnce(new Problem());
    Line.last.breaks();
    await vi.advanceTimersByTimeAsync(0);
    expect(states().at(-1)).toBe("waiting");
    await vi.advanceTimersByTimeAsync(600);
    expect(Line.all).toHaveLength(2);
  });

  it("polls too when the opening hangs", async () => {
    const { api } = setUp();
    await vi.advanceTimersByTimeAsync(8100);
    expect(api.events).toHaveBeenCalled();
  });

  it.each([401, 410])("says that the session is lost at %i", async (status) => {
    const { api, states } = setUp();
    api.events.mockRejectedValueOnce(new Problem(status, "x"));
    Line.last.breaks();
    await vi.advanceTimersByTimeAsync(0);
    expect(states().at(-1)).toBe(`lost ${status}`);
  });
});

describe("watchWakeups", () => {
  it("wakes after a gap that only sleep explains, not at ordinary ticks", () => {
    const wake = vi.fn();
    const stop = watchWakeups(wake);
    vi.advanceTimersByTime(30_000);
    expect(wake).not.toHaveBeenCalled();
    vi.setSystemTime(Date.now() + 3600_000);
    vi.advanceTimersByTime(5000);
    expect(wake).toHaveBeenCalledTimes(1);
    stop();
  });

  it("wakes when the network or the tab comes back, until it is stopped", () => {
    const wake = vi.fn();
    const stop = watchWakeups(wake);
    dispatchEvent(new Event("online"));
    document.dispatchEvent(new Event("visibilitychange"));
    expect(wake).toHaveBeenCalledTimes(2);
    stop();
    dispatchEvent(new Event("online"));
    expect(wake).toHaveBeenCalledTimes(2);
  });
});
