"""Uploads and downloads."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from channels.web.settings import Rate, WebSettings
from tests.integration.web.rig import KEY, Rig, running, with_limits
from tests.recordings import MP4

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cfc0f01f0005050201a5f645400000000049454e44ae426082"
)


async def _upload(rig: Rig, session: dict[str, Any], name: str, content: bytes, field: str = "file") -> tuple[int, Any]:
    form = aiohttp.FormData(quote_fields=False)  # names as browsers send them
    form.add_field(field, content, filename=name, content_type="application/octet-stream")
    path = f"/api/sessions/{session['session_id']}/attachments"
    status, body, _ = await rig.call("POST", path, session["token"], data=form)
    return status, body


async def test_a_file_goes_up_travels_with_a_message_and_comes_down(rig: Rig) -> None:
    session = await rig.session()
    status, file = await _upload(rig, session, "Größe “1”.txt", b"Total: 12 EUR")
    assert status == 200
    assert file["size"] == 13
    assert rig.uploads[0][1].id == file["id"]
    async with rig.socket(session) as socket:
        await socket.send(type="message", content="", client_id="c1", attachments=[file["id"]])
        message = await socket.until("message")
    assert message["attachments"] == [file]
    async with rig.http.get(rig.url + file["url"]) as response:
        assert await response.read() == b"Total: 12 EUR"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in response.headers["Content-Security-Policy"]
        assert response.headers["Content-Disposition"].startswith("attachment;")
        assert "Gr%C3%B6%C3%9Fe" in response.headers["Content-Disposition"]
        tag = response.headers["ETag"]
    async with rig.http.get(rig.url + file["url"], headers={"If-None-Match": tag}) as response:
        assert response.status == 304


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (r"C:\Users\x\report.txt", "report.txt"),
        (r"C:\\Users\\x\\report.txt", "report.txt"),
        (r"\\server\share\new\table.txt", "table.txt"),
        ("../../x.txt", "x.txt"),
        (r"..\..\x.txt", "x.txt"),
        ("/home/x/notes.txt", "notes.txt"),
        (r"mixed/of\both.txt", "both.txt"),
        (r"C:notes.txt", "notes.txt"),
        ("a: b.txt", "a: b.txt"),
        ("say %22hi%22.txt", "say 'hi'.txt"),
        (r"say \"hi\".txt", "say 'hi'.txt"),
        ("/", "file"),
    ],
)
async def test_a_name_is_the_last_part_of_whatever_path_was_sent(rig: Rig, written: str, kept: str) -> None:
    session = await rig.session()
    status, file, _ = await _upload_raw(rig, session, f'filename="{written}"')
    assert (status, file["name"]) == (200, kept)
    async with rig.http.get(rig.url + file["url"]) as response:
        assert response.headers["Content-Disposition"].endswith(f"filename*=UTF-8''{quote(kept, safe='')}")


async def test_a_name_in_the_extended_form_is_understood(rig: Rig) -> None:
    session = await rig.session()
    _, file, _ = await _upload_raw(rig, session, "filename*=UTF-8''C%3A%5CUsers%5Cr%C3%A9sum%C3%A9.txt")
    assert file["name"] == "résumé.txt"


async def test_a_form_whose_file_was_not_chosen_is_refused(rig: Rig) -> None:
    session = await rig.session()
    status, problem, _ = await _upload_raw(rig, session, 'filename=""')
    assert (status, problem["code"]) == (400, "bad_frame")


async def _upload_raw(rig: Rig, session: dict[str, Any], name: str) -> tuple[int, Any, Any]:
    """A form as it goes over the wire, so that nothing on our side escapes the name."""
    body = f'--cut\r\nContent-Disposition: form-data; name="file"; {name}\r\n\r\nwords\r\n--cut--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=cut"}
    path = f"/api/sessions/{session['session_id']}/attachments"
    return await rig.call("POST", path, session["token"], data=body.encode(), headers=headers)


async def test_only_images_are_shown_in_place(rig: Rig) -> None:
    session = await rig.session()
    _, file = await _upload(rig, session, "a.png", PNG)
    async with rig.http.get(rig.url + file["url"]) as response:
        assert response.content_type == "image/png"
        assert response.headers["Content-Disposition"].startswith("inline;")


@pytest.mark.parametrize(
    ("asked", "status", "place", "length"),
    [
        ("bytes=0-1", 206, slice(0, 2), "bytes 0-1/"),
        ("bytes=100-", 206, slice(100, None), "bytes 100-"),
        ("bytes=-10", 206, slice(-10, None), "bytes "),
        ("bytes=5-9999999", 206, slice(5, None), "bytes 5-"),
        ("bytes=0-1,4-5", 200, slice(None), None),
        ("bytes=9999999-", 200, slice(None), None),
        ("words=1", 200, slice(None), None),
        ("bytes=9-5", 200, slice(None), None),
    ],
)
async def test_a_player_gets_the_part_that_it_asks_for(
    rig: Rig, asked: str, status: int, place: slice, length: str | None
) -> None:
    session = await rig.session()
    _, file = await _upload(rig, session, "a.mp4", MP4)
    async with rig.http.get(rig.url + file["url"], headers={"Range": asked}) as response:
        assert response.status == status
        assert await response.read() == MP4[place]
        assert response.content_length == len(MP4[place])
        assert response.headers["Accept-Ranges"] == "bytes"
        assert (response.headers.get("Content-Range") or "").startswith(length or "")
        assert ("Content-Range" in response.headers) == (length is not None)


async def test_a_page_with_a_script_is_never_shown(rig: Rig) -> None:
    session = await rig.session()
    for name in ("page.html", "page.svg", "page.png"):
        status, file = await _upload(rig, session, name, b"<!doctype html><html><script>alert(1)</script></html>")
        if status == 200:
            async with rig.http.get(rig.url + file["url"]) as response:
                assert response.headers["Content-Disposition"].startswith("attachment;")
                assert "sandbox" in response.headers["Content-Security-Policy"]
        else:
            assert status in (400, 415)


async def test_a_link_opens_only_its_own_file(rig: Rig) -> None:
    session = await rig.session()
    _, one = await _upload(rig, session, "a.txt", b"one")
    _, two = await _upload(rig, session, "b.txt", b"two")
    signature = one["url"].split("?sig=")[1]
    for path in (f"/api/attachments/{two['id']}?sig={signature}", f"/api/attachments/{one['id']}"):
        status, problem, _ = await rig.call("GET", path)
        assert (status, problem["code"]) == (403, "not_allowed")


async def test_files_of_others_cannot_be_sent_along(rig: Rig) -> None:
    mine, theirs = await rig.session(), await rig.session()
    _, file = await _upload(rig, mine, "a.txt", b"mine")
    status, problem = await rig.say(theirs, "look", "c1", attachments=[file["id"]])
    assert (status, problem["code"]) == (400, "unknown_attachment")
    status, _ = await rig.say(mine, "look", "c1", attachments=[file["id"]])
    assert status == 200
    status, _ = await rig.say(mine, "again", "c2", attachments=[file["id"]])
    assert status == 400


async def test_bad_uploads_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    settings = with_limits(WebSettings(secret_keys=(KEY,)), attachment_bytes=1000)
    async with running(tmp_path, settings) as rig:
        session = await rig.session()
        said: set[str] = set()
        for name, content, expected in (
            ("big.txt", b"x" * 1001, (413, "too_large")),
            ("huge.txt", b"x" * 100_000, (413, "too_large")),
            ("empty.txt", b"", (400, "empty_file")),
            ("photo.png", b"MZ\x90\x00" + b"\x00" * 200, (400, "file_mismatch")),
            ("setup.exe", b"MZ\x90\x00" + b"\x00" * 200, (400, "file_program")),
            ("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", (400, "file_svg")),
        ):
            status, problem = await _upload(rig, session, name, content)
            assert (status, problem["code"]) == expected, (name, problem)
            said.add(problem["detail"])
        assert "The file is larger than 1000 bytes." in said
        assert len(said) == 5, "each reason has its own sentence"
        assert (await _upload(rig, session, "a.txt", b"text", field="other"))[0] == 400
        path = f"/api/sessions/{session['session_id']}/attachments"
        assert (await rig.call("POST", path, session["token"], json={}))[0] == 400
        assert (await rig.call("POST", path, json={}))[0] == 401
        broken = {"Content-Type": "multipart/form-data; boundary=x"}
        assert (await rig.call("POST", path, session["token"], data=b"nonsense", headers=broken))[0] == 400
        assert rig.uploads == []
        assert [file for file in (tmp_path / "files").rglob("*") if file.is_file()] == []


async def test_a_refused_message_leaves_no_file(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        session = await rig.session()
        for field, value in (("message", "x" * 9000), ("action", "nonsense"), ("client_id", "a/b")):
            form = aiohttp.FormData()
            form.add_field("attachments", b"text", filename="a.txt")
            form.add_field(field, value)
            path = f"/api/chat/sessions/{session['session_id']}/messages"
            status, _, _ = await rig.call("POST", path, session["token"], data=form)
            assert status in (400, 413)
        assert [file for file in (tmp_path / "files").rglob("*") if file.is_file()] == []


async def test_uploads_have_a_limit_and_a_switch(tmp_path: Path) -> None:
    settings = with_limits(WebSettings(secret_keys=(KEY,)), uploads_per_session=Rate(1, 60))
    async with running(tmp_path / "a", settings) as rig:
        session = await rig.session()
        assert (await _upload(rig, session, "a.txt", b"one"))[0] == 200
        assert (await _upload(rig, session, "b.txt", b"two"))[0] == 429
    async with running(tmp_path / "b", WebSettings(secret_keys=(KEY,), attachments=False)) as rig:
        session = await rig.session()
        assert session["config"]["features"]["attachments"] is False
        assert (await _upload(rig, session, "a.txt", b"one"))[0] == 403


_ENDLESS = {
    "parts": b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n' * 30_000 + b"--b--\r\n",
    "lines before the first part": b"a\r\n" * 1_000_000,
    "lines of a head": b"--b\r\n" + b"X: 1\r\n" * 100_000,
    "lines behind the last part": b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--b--\r\n'
    + b"\r\n" * 1_000_000,
}


@pytest.mark.parametrize("kind", sorted(_ENDLESS))
@pytest.mark.parametrize("path", ["/api/chat/sessions/{}/messages?wait=0", "/api/sessions/{}/attachments"])
async def test_a_form_without_end_is_refused_after_its_first_lines(
    rig: Rig, kind: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, lines = await rig.session(), []
    readline = aiohttp.StreamReader.readline

    async def counted(self: aiohttp.StreamReader, **limits: int) -> bytes:
        lines.append(1)
        return await readline(self, **limits)

    monkeypatch.setattr(aiohttp.StreamReader, "readline", counted)
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    status, body, _ = await rig.call(
        "POST", path.format(session["session_id"]), session["token"], data=io.BytesIO(_ENDLESS[kind]), headers=headers
    )
    assert status == 400, body
    assert len(lines) < 300


async def test_forms_that_are_refused_count_as_messages(tmp_path: Path) -> None:
    settings = with_limits(WebSettings(secret_keys=(KEY,)), messages_per_session=Rate(3, 60))
    async with running(tmp_path, settings) as rig:
        session = await rig.session()
        path = f"/api/chat/sessions/{session['session_id']}/messages?wait=0"
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        answers = [
            (await rig.call("POST", path, session["token"], data=b"--b--\r\n", headers=headers))[0] for _ in range(5)
        ]
    assert answers == [400, 400, 400, 429, 429]
