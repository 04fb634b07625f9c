import { render } from "preact";
import { describe, expect, it, vi } from "vitest";
import { Chat } from "../src/chat/chat";
import { en } from "../src/i18n/en";
import type { Message } from "../src/protocol/frames";
import { Storage } from "../src/session/storage";
import { readSettings } from "../src/settings";
import { markdown } from "../src/ui/Markdown";
import { message } from "../src/ui/Message";
import { Ui } from "../src/ui/ui";

const sessions = { user: null, userToken: null, stored: () => null } as never;
const language = { locale: "en", texts: en };

function setUp() {
  const chat = new Chat({ origin: "http://server.example" } as never, new Storage("t:"), sessions, language);
  const ui = new Ui(chat, readSettings({}), language, new Storage("t:"));
  const box = document.createElement("div");
  return { ui, box, draw: (node: Parameters<typeof render>[0]) => render(node, box) };
}

const PAYLOADS = [
  "<script>window.pwned=1</script>",
  "<img src=x onerror=window.pwned=1>",
  "[x](javascript:window.pwned=1)",
  "[x](data:text/html,<script>1</script>)",
  "![x](javascript:1)",
  "<a href='javascript:1'>x</a>",
  "`<svg onload=1>`",
  "```\n<iframe srcdoc='x'></iframe>\n```",
  "| <b onclick=1>a</b> | b |\n|--|--|\n| <style>*{}</style> | d |",
  "# <object data=x>",
  "- <form action=javascript:1><button>x",
  "> <math><mi xlink:href='javascript:1'>",
  '[x](https://a.example" onmouseover="1)',
  "[x](https://a.example 'title\" onclick=1')",
];

describe("Markdown in the page", () => {
  it.each(PAYLOADS)("%j makes no element and no attribute of its own", (payload) => {
    const { ui, box, draw } = setUp();
    draw(markdown(ui, payload));
    expect(box.querySelectorAll("script,img,iframe,svg,object,form,style,math,b").length).toBe(0);
    for (const element of box.querySelectorAll("*"))
      for (const { name, value } of element.attributes) {
        expect(name).not.toMatch(/^on|srcdoc/);
        expect(value).not.toMatch(/^\s*(javascript|data):/i);
      }
  });

  it("opens links elsewhere, without a way back", () => {
    const { ui, box, draw } = setUp();
    draw(markdown(ui, "[page](https://a.example/x?a=1&b=2)"));
    const link = box.querySelector("a")!;
    expect(link.getAttribute("href")).toBe("https://a.example/x?a=1&b=2");
    expect(link.rel).toContain("noopener");
    expect(link.target).toBe("_blank");
  });

  it("makes citations of sources that exist buttons, and leaves the others text", () => {
    const { ui, box, draw } = setUp();
    const sources = [{ id: "s1", title: "Passwords", content: "…" }];
    draw(markdown(ui, "Yes [1], no [2].", sources));
    const button = box.querySelector("button")!;
    expect(button.getAttribute("aria-label")).toBe("Source 1: Passwords");
    expect(box.textContent).toBe("Yes\u00a01, no\u00a0[2].");
    button.click();
    expect(ui.local.shown).toEqual({ sources, index: 0 });
  });
});

describe("a message", () => {
  const place = { first: true, last: true, newestOwn: false, current: true };
  const stored = (more: Partial<Message>): Message => ({
    id: "m",
    cursor: 1,
    author: "agent",
    content: "Hello",
    timestamp: "2026-11-21T10:00:00Z",
    kind: "answer",
    ...more,
  });

  it("of the customer is shown as typed", () => {
    const { ui, box, draw } = setUp();
    draw(message(ui, stored({ author: "customer", content: "**not bold** <b>x</b>" }), place));
    expect(box.querySelector(".bubble")!.textContent).toBe("**not bold** <b>x</b>");
    expect(box.querySelector("strong")).toBeNull();
  });

  it("that does not know offers a person", () => {
    const { ui, box, draw } = setUp();
    const request = vi.spyOn(ui.chat, "requestPerson").mockImplementation(() => undefined);
    draw(message(ui, stored({ kind: "unknown" }), place));
    box.querySelector<HTMLElement>("[data-testid=person-offer]")!.click();
    expect(request).toHaveBeenCalled();
  });

  it("of the hub offers a person only while it is the newest", () => {
    const { ui, box, draw } = setUp();
    const [old, newest] = [1, 2].map((cursor) => stored({ id: `n${cursor}`, cursor, author: "system", kind: "notice", requires_escalation: true }));
    ui.state.conversation.messages = [old!, newest!];
    draw(message(ui, old!, place));
    expect(box.querySelector("[data-testid=person-offer]")).toBeNull();
    draw(message(ui, newest!, place));
    expect(box.querySelector("[data-testid=person-offer]")).not.toBeNull();
  });

  it("offers none once people are on it", () => {
    const { ui, box, draw } = setUp();
    ui.state.conversation.status = "queued";
    draw(message(ui, stored({ kind: "unknown" }), place));
    expect(box.querySelector("[data-testid=person-offer]")).toBeNull();
  });

  it("of an earlier session takes no rating", () => {
    const { ui, box, draw } = setUp();
    draw(message(ui, stored({}), { ...place, current: false }));
    expect(box.querySelector("[data-testid=thumbs-up]")).toBeNull();
  });

  it("with a recording has a player that is named and leaves when it cannot play", () => {
    const { ui, box, draw } = setUp();
    const file = { id: "a", name: "memo.m4a", size: 1, url: "/a" };
    const attachments = ["audio/mp4", "video/mp4", "application/pdf"].map((media_type) => ({ ...file, id: media_type, media_type }));
    draw(message(ui, stored({ attachments }), place));
    const players = [...box.querySelectorAll<HTMLMediaElement>("audio, video")];
    expect(players.map((one) => one.localName)).toEqual(["audio", "video"]);
    for (const one of players) {
      expect(one.controls).toBe(true);
      expect(one.getAttribute("aria-label")).toBe("memo.m4a");
      expect(one.closest("a")).toBeNull();
      one.dispatchEvent(new Event("error"));
      expect(one.hidden).toBe(true);
    }
    expect(box.querySelectorAll("[data-testid=attachment]").length).toBe(3);
  });

  it("with a hostile attachment link or name stays harmless", () => {
    const { ui, box, draw } = setUp();
    draw(
      message(
        ui,
        stored({
          author: "customer",
          attachments: [{ id: "a", name: "<img onerror=1>.png", media_type: "image/png", size: 1, url: "javascript:1" }],
        }),
        place,
      ),
    );
    expect(box.querySelector("[data-testid=attachment]")!.hasAttribute("href")).toBe(false);
    expect(box.querySelector("img[onerror]")).toBeNull();
  });
});
