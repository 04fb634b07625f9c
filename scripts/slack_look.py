"""Messages, forms and the home tab as people see them in Slack: HTML with a style sheet of our own. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final

from scripts.block_kit import Json, drawn, mrkdwn
from scripts.slack_signs import sign

APP: Final = "Switchboard"
STYLE: Final = """
  body { margin: 0; width: max-content; background: #fff; color: #1d1c1d;
    font: 15px/1.46 Lato, Inter, "Liberation Sans", "DejaVu Sans Condensed", sans-serif; }
  h2 { margin: 0; padding: 12px 24px; border-bottom: 1px solid #ddd; font-size: 17px; }
  h3 { margin: 10px 0 4px; font-size: 18px; }
  main { display: flex; align-items: flex-start; } main > div { box-sizing: border-box; padding: 8px 0; }
  main > div + div { border-left: 1px solid #ddd; }
  article { display: flex; gap: 10px; padding: 8px 24px; }
  article > div { flex: 1; min-width: 0; overflow-wrap: anywhere; }
  .face { flex: none; display: grid; place-items: center; width: 36px; height: 36px; border-radius: 8px; background: #0b3b3f;
    color: #fff; font-weight: 700; }
  .person { background: #a35b00; }
  header { display: flex; gap: 8px; align-items: center; } time, small { color: #616061; font-size: 12px; }
  .app { padding: 0 4px; border-radius: 3px; background: #ddd; color: #454447; font: 700 10px/16px sans-serif; }
  p, q { white-space: pre-wrap; }
  p, small { display: block; margin: 2px 0 6px; } .fields { display: grid; grid-template-columns: 1fr 1fr; gap: 0 12px; }
  q { display: block; margin: 2px 0 6px; padding-left: 12px; border-left: 4px solid #ddd; quotes: none; }
  menu { display: flex; flex-wrap: wrap; gap: 8px; margin: 6px 0; padding: 0; }
  button { padding: 6px 12px 4px; border: 1px solid #bbb; border-radius: 6px; background: #fff; color: inherit;
    font: inherit; font-size: 13px; font-weight: 700; }
  .primary { border-color: #007a5a; background: #007a5a; color: #fff; } .danger { border-color: #e01e5a; color: #e01e5a; }
  .menu::after { content: ""; display: inline-block; margin: 0 0 2px 8px; border: 4px solid transparent; border-top-color: #555;
    border-bottom: 0; }
  a { color: #1264a3; } .mention { background: #e8f5fa; } hr { border: 0; border-top: 1px solid #ddd; }
  code { padding: 1px 3px; border: 1px solid #ddd; border-radius: 3px; color: #c01343; font-size: 12px; }
  .sign { width: 15px; height: 15px; vertical-align: -2px; }
  .reaction { display: inline-flex; gap: 4px; margin: 2px 6px 4px 0; padding: 1px 8px; border-radius: 12px;
    background: #efefef; font-size: 12px; align-items: center; }
  label { display: block; margin: 14px 0; } label i { color: #616061; font-style: normal; }
  .field { display: block; margin-top: 6px; padding: 7px 12px; border: 1px solid #999; border-radius: 6px;
    min-height: 22px; white-space: pre-wrap; }
  .field.menu { display: flex; justify-content: space-between; align-items: center; } .tall { min-height: 66px; }
  .desktop { display: flex; gap: 28px; align-items: flex-start; padding: 28px; background: #e9e9ea; }
  .modal { width: 480px; border-radius: 10px; background: #fff; box-shadow: 0 6px 24px #0003; }
  .modal h2 { display: flex; gap: 10px; align-items: center; } .modal > div { padding: 4px 24px 8px; }
  .modal .face { width: 28px; height: 28px; font-size: 14px; }
  .modal footer { display: flex; gap: 10px; justify-content: flex-end; padding: 12px 24px; border-top: 1px solid #ddd; }
  .home { width: 660px; padding: 12px 28px 16px; }
"""


def page(body: str, people: Mapping[str, str]) -> str:
    """``people``: names by their ids in Slack, for mentions."""
    for person, name in people.items():
        body = body.replace(f"@{person}<", f"@{escape(name)}<")
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><style>{STYLE}</style><body>{body}</body></html>'


def channel(name: str, columns: Sequence[str], width: int) -> str:
    """Messages below the name of where they stand, in columns of ``width`` pixels each."""
    beside = "".join(f'<div style="width:{width}px">{one}</div>' for one in columns)
    return f"<h2>{escape(name)}</h2><main>{beside}</main>"


def messages(sent: Sequence[Json], people: Mapping[str, str]) -> str:
    """The oldest first."""
    return "".join(message(one, APP if one.get("bot_id") else people[one["user"]]) for one in sent)


def message(sent: Json, author: str) -> str:
    """One message: who, when, its blocks (its text, where it has none), and what people reacted with."""
    body = drawn(sent.get("blocks") or []) or f"<p>{mrkdwn(str(sent['text']))}</p>"
    at = datetime.fromtimestamp(float(sent["ts"]), UTC)
    app = '<em class="app">APP</em>' if sent.get("bot_id") else ""
    kind = "bot" if sent.get("bot_id") else "person"
    signs = "".join(f'<span class="reaction">{sign(one)} 1</span>' for one in sent.get("reactions", ()))
    head = f"<header><b>{escape(author)}</b>{app}<time>{at:%H:%M}</time></header>"
    return f'<article><span class="face {kind}">{escape(author[:1])}</span><div>{head}{body}{signs}</div></article>'


def desktop(views: Sequence[Json]) -> str:
    """Open forms, side by side."""
    return f'<div class="desktop">{"".join(map(modal, views))}</div>'


def modal(view: Json) -> str:
    """A form."""
    head = f'<h2><span class="face bot">{APP[:1]}</span>{escape(view["title"]["text"])}</h2>'
    submit = f'<button class="primary">{escape(view["submit"]["text"])}</button>' if "submit" in view else ""
    foot = f"<footer><button>{escape(view['close']['text'])}</button>{submit}</footer>"
    return f'<div class="modal">{head}<div>{drawn(view["blocks"])}</div>{foot}</div>'


def home(view: Json) -> str:
    """The app's home tab."""
    return f'<h2>{APP}</h2><div class="home">{drawn(view["blocks"])}</div>'
