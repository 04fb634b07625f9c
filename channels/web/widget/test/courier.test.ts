import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { delay, Retry } from "../src/connection/backoff";
import { type Carrier, Courier } from "../src/connection/courier";
import { Problem } from "../src/connection/problem";
import type { Pending } from "../src/protocol/conversation";

const pending = (client_id: string): Pending => ({
  client_id,
  content: client_id,
  attachments: [],
  created: 0,
  user: null,
  state: "sending",
});

function setUp() {
  let list = [pending("a"), pending("b")];
  const pushed: string[] = [];
  const posted: string[] = [];
  const line = { socket: true, polling: false, answers: [] as (Problem | null)[] };
  const carrier = {
    sendable: () => list.filter((m) => m.state === "sending"),
    push: (m: Pending) => line.socket && !!pushed.push(m.client_id),
    post: (m: Pending) => {
      if (!line.polling) return undefined;
      posted.push(m.client_id);
      const problem = line.answers.shift();
      return problem ? Promise.reject(problem) : Promise.resolve({ id: "m", cursor: 1, client_id: m.client_id });
    },
    acknowledged: vi.fn((ack: { client_id: string }) => {
      list = list.filter((m) => m.client_id !== ack.client_id);
    }),
    fail: vi.fn((id: string) => {
      list.find((m) => m.client_id === id)!.state = "failed";
    }),
    silent: vi.fn(),
    lose: vi.fn(),
  } satisfies Carrier;
  return {
    courier: new Courier(carrier),
    carrier,
    line,
    pushed,
    posted,
    settle: (id: string) => (list = list.filter((m) => m.client_id !== id)),
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("Courier over the socket", () => {
  it("sends each message once over one line, in order", () => {
    const { courier, pushed } = setUp();
    courier.flush();
    courier.flush();
    expect(pushed).toEqual(["a", "b"]);
  });

  it("sends again, under the same id, over a new line", () => {
    const { courier, pushed, settle } = setUp();
    courier.flush();
    settle("a");
    courier.settle("a");
    courier.stop();
    courier.flush();
    expect(pushed).toEqual(["a", "b", "b"]);
  });

  it("doubts the line when no acknowledgement comes", () => {
    const { courier, carrier } = setUp();
    courier.flush();
    courier.settle("a");
    courier.settle("b");
    vi.advanceTimersByTime(20_000);
    expect(carrier.silent).not.toHaveBeenCalled();
    courier.flush();
    vi.advanceTimersByTime(10_000);
    expect(carrier.silent).toHaveBeenCalled();
  });

  it("comes back later when the server asks for it", () => {
    const { courier, pushed } = setUp();
    courier.flush();
    courier.postpone("b", 5000);
    vi.advanceTimersByTime(4900);
    expect(pushed).toEqual(["a", "b"]);
    vi.advanceTimersByTime(200);
    expect(pushed).toEqual(["a", "b", "b"]);
  });

  it("keeps everything while there is no line at all", () => {
    const { courier, line, pushed, posted, carrier } = setUp();
    line.socket = false;
    courier.flush();
    vi.advanceTimersByTime(60_000);
    expect([pushed, posted]).toEqual([[], []]);
    expect(carrier.fail).not.toHaveBeenCalled();
  });
});

describe("Courier by HTTP", () => {
  const byHttp = (...answers: (Problem | null)[]) => {
    const all = setUp();
    Object.assign(all.line, { socket: false, polling: true, answers });
    return all;
  };

  it("posts one after the other", async () => {
    const { courier, posted, carrier } = byHttp();
    courier.flush();
    expect(posted).toEqual(["a"]);
    await vi.runAllTimersAsync();
    expect(posted).toEqual(["a", "b"]);
    expect(carrier.acknowledged).toHaveBeenCalledTimes(2);
  });

  it("tries again after a passing failure, and keeps the order", async () => {
    const { courier, posted } = byHttp(new Problem(503, "unavailable"), new Problem());
    courier.flush();
    await vi.runAllTimersAsync();
    expect(posted).toEqual(["a", "a", "a", "b"]);
  });

  it("waits as long as the server says", async () => {
    const { courier, posted } = byHttp(new Problem(429, "rate_limited", 7000));
    courier.flush();
    await vi.advanceTimersByTimeAsync(6900);
    expect(posted).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(200);
    expect(posted).toEqual(["a", "a", "b"]);
  });

  it("gives up a message that is refused for good, and goes on with the next", async () => {
    const { courier, posted, carrier } = byHttp(new Problem(422, "too_long"));
    courier.flush();
    await vi.runAllTimersAsync();
    expect(carrier.fail).toHaveBeenCalledWith("a", "too_long");
    expect(posted).toEqual(["a", "b"]);
  });

  it.each([401, 410])("says that the session is lost at %i, and fails nothing", async (status) => {
    const { courier, carrier } = byHttp(new Problem(status, "x"));
    courier.flush();
    await vi.runAllTimersAsync();
    expect(carrier.lose).toHaveBeenCalledWith(status);
    expect(carrier.fail).not.toHaveBeenCalled();
  });
});

describe("Retry", () => {
  it("doubles up to half a minute, with jitter", () => {
    for (let attempt = 0; attempt < 12; attempt++) {
      const most = Math.min(30_000, 500 * 2 ** attempt);
      expect(delay(attempt)).toBeGreaterThanOrEqual(most / 2);
      expect(delay(attempt)).toBeLessThanOrEqual(most);
    }
  });

  it("is done at once when something says that it is worth it, and only once", () => {
    const retry = new Retry();
    const work = vi.fn();
    retry.later(work, 60_000);
    retry.now();
    vi.advanceTimersByTime(120_000);
    expect(work).toHaveBeenCalledTimes(1);
    expect(retry.waiting).toBe(false);
  });
});

describe("Problem", () => {
  it("reads a problem document", () => {
    expect(Problem.from(429, '{"title": "x", "code": "rate_limited"}', "3")).toMatchObject({
      status: 429,
      code: "rate_limited",
      retryAfter: 3000,
      passing: true,
    });
  });
  it("makes do with a proxy's page", () =>
    expect(Problem.from(502, "<html>Bad gateway", null)).toMatchObject({ code: "http_502", passing: true }));
  it("takes anything else for a lost network", () =>
    expect(Problem.of(new TypeError("failed to fetch"))).toMatchObject({ status: 0, code: "offline", passing: true }));
});
