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

function setUp(count = 2) {
  let list = [pending("a"), pending("b"), pending("c")].slice(0, count);
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
      courier.delivered(ack.client_id);
    }),
    fail: vi.fn((id: string) => {
      list.find((m) => m.client_id === id)!.state = "failed";
    }),
    silent: vi.fn(),
    lose: vi.fn(),
  } satisfies Carrier;
  const courier = new Courier(carrier);
  return {
    courier,
    carrier,
    line,
    pushed,
    posted,
    add: (id: string) => list.push(pending(id)),
    settle: (id: string) => (list = list.filter((m) => m.client_id !== id)),
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

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

  /** A server that is overloaded: it refuses the first, and what came behind it so that the order is kept. */
  const refuseAll = (courier: Courier, ms = 0) => ["a", "b", "c"].forEach((id) => courier.postpone(id, ms));

  it("sends everything again after a refusal, oldest first", () => {
    const { courier, pushed } = setUp(3);
    courier.flush();
    refuseAll(courier, 1000);
    courier.flush();
    expect(pushed).toEqual(["a", "b", "c"]);
    vi.advanceTimersByTime(1100);
    expect(pushed).toEqual(["a", "b", "c", "a", "b", "c"]);
  });

  it("waits twice as long after each round, however many messages were refused in it", () => {
    vi.spyOn(Math, "random").mockReturnValue(1);
    const { courier, pushed } = setUp(3);
    courier.flush();
    for (const [round, wait] of [500, 1000, 2000, 4000].entries()) {
      refuseAll(courier);
      vi.advanceTimersByTime(wait - 1);
      expect(pushed).toHaveLength(3 * (round + 1));
      vi.advanceTimersByTime(1);
      expect(pushed).toHaveLength(3 * (round + 2));
    }
  });

  it("waits as long as the longest refusal of a round says, whichever came first", () => {
    for (const waits of [
      [5000, 1000],
      [1000, 5000],
    ]) {
      const { courier, pushed } = setUp();
      courier.flush();
      courier.postpone("a", waits[0]!);
      courier.postpone("b", waits[1]!);
      vi.advanceTimersByTime(4900);
      expect(pushed).toEqual(["a", "b"]);
      vi.advanceTimersByTime(200);
      expect(pushed).toEqual(["a", "b", "a", "b"]);
    }
  });

  it("lets nothing overtake while it waits", () => {
    const { courier, pushed, add } = setUp();
    courier.flush();
    courier.postpone("a", 1000);
    courier.postpone("b", 1000);
    add("d");
    courier.flush();
    expect(pushed).toEqual(["a", "b"]);
    vi.advanceTimersByTime(1100);
    expect(pushed).toEqual(["a", "b", "a", "b", "d"]);
  });

  it("is as quick as at first once a message was taken", () => {
    vi.spyOn(Math, "random").mockReturnValue(1);
    const { courier, pushed, settle } = setUp();
    courier.flush();
    for (let round = 0; round < 5; round++) {
      courier.postpone("a", 0);
      courier.postpone("b", 0);
      vi.advanceTimersByTime(30_000);
    }
    settle("a");
    courier.delivered("a");
    const before = pushed.length;
    courier.postpone("b", 0);
    vi.advanceTimersByTime(500);
    expect(pushed.slice(before)).toEqual(["b"]);
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
