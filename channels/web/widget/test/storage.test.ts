import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Pending } from "../src/protocol/conversation";
import { Outbox } from "../src/session/outbox";
import { readToken, Sessions } from "../src/session/sessions";
import { Storage } from "../src/session/storage";

const blocked = (): globalThis.Storage => {
  throw new DOMException("blocked", "SecurityError");
};
const pending = (client_id: string, created: number, user: string | null = null): Pending => ({
  client_id,
  content: client_id,
  attachments: [],
  created,
  user,
  state: "sending",
});
const token = (claims: object): string => `x.${btoa(JSON.stringify(claims))}.y`;

beforeEach(() => {
  localStorage.clear();
  vi.useRealTimers();
});

describe.each([
  ["local storage", () => new Storage("p:")],
  ["memory, where storage is blocked", () => new Storage("p:", blocked)],
])("Storage in %s", (_, open) => {
  it("keeps, lists and forgets", () => {
    const storage = open();
    storage.set("a:1", { x: 1 });
    storage.set("a:2", "two");
    storage.set("b", 3);
    expect(storage.get("a:1")).toEqual({ x: 1 });
    expect(storage.keys("a:").sort()).toEqual(["a:1", "a:2"]);
    storage.remove("a:1");
    expect(storage.get("a:1")).toBeNull();
    expect(storage.keys("a:")).toEqual(["a:2"]);
  });
});

describe("Storage", () => {
  it("survives a full disk", () => {
    const storage = new Storage("p:");
    storage.set("before", 1);
    (storage as unknown as { area: object }).area = new Proxy(localStorage, {
      set: () => {
        throw new DOMException("full", "QuotaExceededError");
      },
    });
    storage.set("after", 2);
    expect(storage.get("after")).toBe(2);
    expect(storage.get("before")).toBe(1);
  });

  it("takes nonsense for nothing", () => {
    localStorage.setItem("p:x", "{broken");
    expect(new Storage("p:").get("x")).toBeNull();
  });
});

describe("Outbox", () => {
  const now = Date.now();

  it("brings unsent messages back after a reload, oldest first", () => {
    const before = new Outbox(new Storage("p:"));
    before.save(pending("second", now - 10));
    before.save(pending("first", now - 20));
    expect(new Outbox(new Storage("p:")).load(null).map((m) => m.client_id)).toEqual(["first", "second"]);
  });

  it("forgets what was acknowledged", () => {
    const outbox = new Outbox(new Storage("p:"));
    outbox.save(pending("a", now));
    outbox.remove("a");
    expect(outbox.load(null)).toEqual([]);
  });

  it("lets two tabs write without overwriting one another", () => {
    const [one, two] = [new Outbox(new Storage("p:")), new Outbox(new Storage("p:"))];
    one.save(pending("a", now - 2));
    two.save(pending("b", now - 1));
    one.remove("a");
    expect(two.load(null).map((m) => m.client_id)).toEqual(["b"]);
  });

  it("gives one person's message to nobody else, and an anonymous one to whoever signs in", () => {
    const outbox = new Outbox(new Storage("p:"));
    outbox.save(pending("anonymous", now - 3));
    outbox.save(pending("ada's", now - 2, "ada"));
    expect(outbox.load("ada").map((m) => m.client_id)).toEqual(["anonymous", "ada's"]);
    expect(outbox.load("bob").map((m) => m.client_id)).toEqual(["anonymous"]);
    expect(outbox.load(null).map((m) => m.client_id)).toEqual(["anonymous"]);
    outbox.clear();
    expect(outbox.load("ada")).toEqual([]);
  });

  it("sends nothing by surprise that is older than a week, nor what it cannot read", () => {
    const storage = new Storage("p:");
    const outbox = new Outbox(storage);
    outbox.save(pending("old", now - 8 * 24 * 3600_000));
    storage.set("out:odd", "text");
    storage.set("out:none", null);
    expect(outbox.load(null)).toEqual([]);
    expect(storage.keys("out:")).toEqual([]);
  });
});

describe("Sessions", () => {
  const config = { max_attachment_bytes: 1, max_message_chars: 1, accept: [], features: { attachments: true, feedback: true } };
  const api = { createSession: vi.fn() };
  let count = 0;
  const open = (userToken: string | null): Sessions => new Sessions(new Storage("p:"), api as never, "en", userToken);
  beforeEach(() => {
    api.createSession
      .mockReset()
      .mockImplementation(async () => ({
        session_id: `s${++count}`,
        token: "t",
        expires_at: new Date(Date.now() + 3600_000).toISOString(),
        config,
      }));
  });

  it("is made once and shared", async () => {
    const first = await open(null).ensure();
    expect((await open(null).ensure()).session_id).toBe(first.session_id);
    expect(api.createSession).toHaveBeenCalledTimes(1);
  });

  it("never goes from one person to another", async () => {
    const anonymous = await open(null).ensure();
    const ada = await open(token({ sub: "ada" })).ensure();
    expect(ada.session_id).not.toBe(anonymous.session_id);
    expect(open(token({ sub: "bob" })).stored()).toBeNull();
    expect(open(null).stored()).toBeNull();
    expect(open(token({ sub: "ada", exp: 2 })).stored()?.session_id).toBe(ada.session_id);
  });

  it("is used whatever the clock of the device says: the server knows when it ends", async () => {
    const { session_id } = await open(null).ensure();
    vi.setSystemTime(Date.now() + 366 * 24 * 3600_000);
    expect(open(null).stored()).toMatchObject({ session_id });
  });

  it("is not forgotten for the sake of an older one", async () => {
    const { session_id } = await open(null).ensure();
    open(null).forget("another");
    expect(open(null).stored()?.session_id).toBe(session_id);
    open(null).forget(session_id);
    expect(open(null).stored()).toBeNull();
  });

  it("reads who somebody is, and tells unreadable tokens apart by themselves", () => {
    expect(readToken(token({ sub: "u1", email: "a@b.example" }))).toMatchObject({ sub: "u1", email: "a@b.example" });
    expect(readToken("nonsense")).toEqual({ sub: "nonsense" });
  });
});
