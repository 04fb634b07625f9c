"""What the agent tells staff who ask it in a case's thread, as a message of the case's feed. It never leaves the thread."""

from __future__ import annotations

from core.domain.messages import Author, Citation, Message, MessageKind
from core.ports.responder import Reply
from core.ports.store import NewMessage
from handoff.posts import POST, Post

_QUOTED = 200


def advice(question: Message, reply: Reply) -> NewMessage:
    """The answer with its sources, below what was asked and by whom: others write in between."""
    words = " ".join(question.text.split())
    meta = {
        POST: str(Post.ADVICE),
        "question": words if len(words) <= _QUOTED else words[:_QUOTED].rstrip() + "…",
        "asked_by": str(question.meta.get("sender") or ""),
        "sources": [{"place": _place(one), "url": one.url} for one in reply.citations],
    }
    return NewMessage(Author.SYSTEM, reply.text, MessageKind.NOTICE, meta=meta)


def _place(citation: Citation) -> str:
    """Title, section and page, as one would tell a colleague where to look."""
    path = [citation.title, *([citation.section] if citation.section else []), citation.source]
    place = " › ".join(dict.fromkeys(part for part in path if part))
    return f"{place}, {citation.page}" if citation.page else place
