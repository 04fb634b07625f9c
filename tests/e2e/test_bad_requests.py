"""Bad requests to a real process: a problem document each, nothing stored, and the next good request is served."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import jwt
import pytest

from tests.e2e import stored
from tests.e2e.papers import PNG, WINDOWS_PROGRAM, pdf
from tests.e2e.visitor import Answer, Visitor, visiting
from tests.servers.hub import SECRET_KEY, Hub

JSON = {"Content-Type": "application/json"}


async def _bad_messages(visitor: Visitor) -> dict[str, tuple[Answer, tuple[int, str]]]:
    path = visitor.messages_path

    async def raw(body: bytes, headers: dict[str, str] = JSON) -> Answer:
        return await visitor.call("POST", path, data=body, headers=headers)

    bad = (400, "bad_frame")
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    return {
        "not JSON": (await raw(b"{"), bad),
        "invalid UTF-8": (await raw(b'{"message": "\xff\xfe"}'), bad),
        "a list": (await raw(b"[1]"), bad),
        "another type": (await raw(b"message=Hi", {"Content-Type": "text/plain"}), bad),
        "a broken form": (await raw(b"nonsense", form), bad),
        "a form cut off": (await raw(b'--x\r\nContent-Disposition: form-data; name="message"\r\n\r\nHi', form), bad),
        "no text": (await visitor.say(""), (400, "empty")),
        "a number": (await visitor.say(7), bad),
        "too long": (await visitor.say("x" * 8_001), (413, "too_long")),
        "far too long": (await visitor.say("x" * 200_000), (413, "too_long")),
        "NUL": (await visitor.say("a\x00b"), bad),
        "a bad id": (await visitor.say("Hi", "<script>"), bad),
        "a bad action": (await visitor.say("Hi", action="drop table"), bad),
        "a file of nobody": (await visitor.say("Hi", attachments=["nope"]), (400, "unknown_attachment")),
        "a bad wait": (await visitor.call("POST", f"{path}?wait=soon", json={"message": "Hi"}), bad),
    }


async def test_bad_messages_are_named_and_not_stored(shared_hub: Hub) -> None:
    async with visiting(shared_hub) as visitor:
        for name, (answer, expected) in (await _bad_messages(visitor)).items():
            assert answer.problem == expected, name
        good = await visitor.say("Hello", "good")
        assert good.status == 200, good.body
        assert stored.said(shared_hub, visitor.id) == ["Hello"]


async def test_bad_routes_and_methods(shared_hub: Hub) -> None:
    async with visiting(shared_hub) as visitor:
        assert (await visitor.call("GET", "/nowhere")).problem == (404, "not_found")
        assert (await visitor.call("GET", "/..%2f..%2fetc%2fpasswd")).problem == (404, "not_found")
        wrong = await visitor.call("PUT", "/api/sessions")
        assert wrong.problem[0] == 405
        assert "POST" in wrong.headers["Allow"]
        cursor = await visitor.call("GET", f"/api/sessions/{visitor.id}/history?after=x")
        assert cursor.problem == (400, "bad_frame")


def _signed(key: str = SECRET_KEY, **changes: Any) -> str:
    claims = {"aud": "switchboard:session", "sid": "s_victim", "exp": int(time.time()) + 600, **changes}
    return jwt.encode(claims, key, algorithm="HS256")


@pytest.mark.parametrize("way", ["forged", "expired", "unsigned", "other purpose", "no session", "nonsense", "none"])
async def test_tokens_that_prove_nothing(shared_hub: Hub, way: str) -> None:
    async with visiting(shared_hub) as visitor:
        sid = visitor.id
        token = {
            "forged": _signed("another-key-of-at-least-32-characters!", sid=sid),
            "expired": _signed(sid=sid, exp=int(time.time()) - 1),
            "unsigned": jwt.encode({"sid": sid, "aud": "switchboard:session", "exp": 9e9}, "", algorithm="none"),
            "other purpose": _signed(sid=sid, aud="another"),
            "no session": _signed(sid=None),
            "nonsense": "nonsense",
            "none": None,
        }[way]
        before = stored.counts(shared_hub)
        history = f"/api/sessions/{sid}/history"
        for method, path, body in (("POST", visitor.messages_path, {"message": "Hi"}), ("GET", history, None)):
            answer = await visitor.call(method, path, token=token, json=body)
            assert answer.problem == (401, "unauthenticated")
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        if token is not None:
            async with visitor.socket(token=token) as socket:
                assert await socket.code() == 4403
        assert stored.counts(shared_hub) == before


async def test_a_good_token_opens_only_its_own_session(shared_hub: Hub) -> None:
    async with visiting(shared_hub) as visitor, visiting(shared_hub) as other:
        await other.say("My secret")
        for method, path in (
            ("GET", f"/api/sessions/{other.id}"),
            ("GET", f"/api/sessions/{other.id}/history"),
            ("GET", f"/api/sessions/{other.id}/events?wait=0"),
            ("DELETE", f"/api/sessions/{other.id}"),
            ("POST", other.messages_path),
            ("POST", other.files_path),
        ):
            assert (await visitor.call(method, path, json={"message": "Hi"})).problem == (403, "not_allowed"), path
        assert (await other.call("GET", f"/api/sessions/{other.id}")).status == 200


async def test_another_site_is_refused(shared_hub: Hub) -> None:
    async with visiting(shared_hub) as visitor:
        before = stored.counts(shared_hub)
        foreign = {"Origin": "https://evil.example"}
        for method, path in (("POST", "/api/sessions"), ("POST", visitor.messages_path)):
            answer = await visitor.call(method, path, json={"message": "Hi"}, headers=foreign)
            assert answer.problem == (403, "not_allowed")
        assert stored.counts(shared_hub) == before


FILES = {
    "a program called an invoice": ("invoice.pdf", WINDOWS_PROGRAM, (400, "file_mismatch")),
    "a program": ("setup.exe", WINDOWS_PROGRAM, (400, "file_program")),
    "a picture called a document": ("contract.pdf", PNG, (400, "file_mismatch")),
    "a document called a picture": ("photo.png", pdf("hello"), (400, "file_mismatch")),
    "a page called a picture": ("photo.jpg", b"<html><script>alert(1)</script></html>", (400, "file_mismatch")),
    "a drawing with a script": (
        "logo.svg",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
        (400, "file_svg"),
    ),
    "an archive of a kind that is not taken": ("files.7z", b"7z\xbc\xaf\x27\x1c" + bytes(64), (400, "file_type")),
    "nothing": ("empty.txt", b"", (400, "empty_file")),
    "too large": ("large.txt", b"x" * (10 * 1024 * 1024 + 1), (413, "too_large")),
}


async def test_files_that_lie_or_are_too_large(shared_hub: Hub) -> None:
    async with visiting(shared_hub) as visitor:
        before = stored.counts(shared_hub)
        kept = await asyncio.to_thread(_kept_files, shared_hub)
        for name, (file, content, expected) in FILES.items():
            answer = await visitor.upload(file, content)
            assert answer.problem == expected, name
            if expected[1].startswith("file_"):
                assert file in answer.body["detail"], "the sentence names the file"
        assert stored.counts(shared_hub) == before
        assert await asyncio.to_thread(_kept_files, shared_hub) == kept, "not a byte of them stays"
        fine = await visitor.upload("../../notes <b>.txt", b"The code is 7.")
        assert (fine.status, fine.body["name"]) == (200, fine.body["name"].rsplit("/", 1)[-1])


async def test_a_page_full_of_scripts_is_only_ever_handed_out_as_a_file(shared_hub: Hub) -> None:
    async with visiting(shared_hub) as visitor:
        kept = await visitor.upload("page.html", b"<!doctype html><script>alert(1)</script>", "text/html")
        assert kept.status == 200
        page = await visitor.call("GET", kept.body["url"], token=None)
        assert page.headers["Content-Disposition"].startswith("attachment;")
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in page.headers["Content-Security-Policy"]
        forged = kept.body["url"][:-1] + ("A" if kept.body["url"][-1] != "A" else "B")
        assert (await visitor.call("GET", forged, token=None)).problem == (403, "not_allowed")


def _kept_files(hub: Hub) -> set[str]:
    return {str(path) for path in (hub.data_dir / "attachments").rglob("*") if path.is_file()}


async def test_a_message_sent_twice_with_its_file_is_stored_once(shared_hub: Hub) -> None:
    async with visiting(shared_hub) as visitor:
        name = f"notes-{visitor.id}.txt"

        async def send() -> Answer:
            form = aiohttp.FormData()
            form.add_field("message", "Please keep this")
            form.add_field("client_id", "with-file")
            form.add_field("attachments", b"The code is 7.", filename=name)
            return await visitor.call("POST", visitor.messages_path, data=form)

        answers = [await send() for _ in range(3)]
        assert {answer.status for answer in answers} == {200}
        assert len({answer.body["message_id"] for answer in answers}) == 1
        assert [who for who, _ in stored.messages(shared_hub, visitor.id)] == ["customer", "agent"]
        assert len(stored.rows(shared_hub, "SELECT 1 FROM attachment WHERE name = ?", name)) == 1


async def test_feedback_that_is_not_ones_own(shared_hub: Hub) -> None:
    async with visiting(shared_hub) as visitor, visiting(shared_hub) as other:
        message_id = (await other.say("Hello")).body["message_id"]

        async def rate(**fields: Any) -> Answer:
            return await visitor.call(
                "POST", "/api/feedback", json={"message_id": message_id, "rating": "up", **fields}
            )

        await visitor.say("Hello")
        assert (await rate()).problem == (404, "not_found")
        assert (await rate(rating="best")).problem == (400, "bad_frame")
        assert (await rate(comment="x" * 2_001)).problem == (413, "too_long")
        assert (await rate(message_id="' OR 1=1 --")).problem == (404, "not_found")
