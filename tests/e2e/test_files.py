"""Files in the chat: what is in them is used, what is wrong with them is said."""

from __future__ import annotations

import secrets
from pathlib import Path

import aiohttp
from playwright.async_api import FilePayload, Page, expect

from tests.e2e import stored
from tests.e2e.papers import PNG, WINDOWS_PROGRAM, pdf
from tests.e2e.widget import Widget
from tests.servers.hub import Hub


def _file(name: str, content: bytes, media_type: str = "application/pdf") -> FilePayload:
    return {"name": name, "mimeType": media_type, "buffer": content}


async def test_the_text_of_an_uploaded_pdf_is_used_in_the_answer(demo: Widget, page: Page) -> None:
    code = f"QX-{secrets.token_hex(4)}"
    warranty = pdf("Warranty certificate of the Nautilus pump", f"The warranty number of the Nautilus pump is {code}.")
    await demo.files.set_input_files(_file("warranty.pdf", warranty))
    await expect(demo.uploads).to_have_attribute("data-state", "done")
    answer = await demo.ask("What is the warranty number of the Nautilus pump in this file?")
    await expect(answer).to_contain_text(code)
    await answer.get_by_test_id("source").first.click()
    await expect(demo.source_panel).to_contain_text("warranty.pdf")
    await expect(demo.source_panel).to_contain_text(code)
    await page.get_by_test_id("source-close").click()

    attached = demo.messages("customer").get_by_test_id("attachment")
    await expect(attached).to_contain_text("warranty.pdf")
    await page.reload()
    await expect(attached).to_contain_text("warranty.pdf")
    later = await demo.ask("What is the warranty number of the Nautilus pump?")
    await expect(later).to_contain_text(code)

    href = await attached.get_attribute("href")
    assert href
    async with aiohttp.ClientSession() as client, client.get(href) as answered:
        assert (answered.status, await answered.read()) == (200, warranty)
        assert answered.headers["Content-Disposition"].startswith("attachment")
    async with aiohttp.ClientSession() as client, client.get(href.partition("?")[0]) as answered:
        assert answered.status in (401, 403), "without its signature the link opens nothing"


async def test_the_progress_of_an_upload_is_shown_and_it_can_be_stopped(
    demo: Widget, page: Page, shared_hub: Hub
) -> None:
    before = stored.counts(shared_hub)["attachment"]
    await page.route("**/attachments", lambda _route: None)  # the network swallows it: neither answer nor error
    await demo.files.set_input_files(_file("slow.pdf", pdf("slow")))
    await expect(demo.uploads).to_have_attribute("data-state", "uploading")
    await expect(page.get_by_test_id("upload-progress")).to_be_visible()
    await demo.composer.fill("see the file")
    await expect(demo.send).to_be_disabled()
    await page.get_by_test_id("upload-cancel").click()
    await expect(demo.uploads).to_have_count(0)
    await expect(demo.send).to_be_enabled()
    assert stored.counts(shared_hub)["attachment"] == before


async def test_an_upload_that_the_network_cut_is_tried_again(demo: Widget, page: Page) -> None:
    await page.route("**/attachments", lambda route: route.abort(), times=1)
    await demo.files.set_input_files(_file("cut.pdf", pdf("The cut code is KLM-5.")))
    await expect(demo.uploads).to_have_attribute("data-state", "failed")
    await expect(demo.uploads.get_by_role("alert")).to_contain_text("No connection")
    await page.get_by_test_id("upload-retry").click()
    await expect(demo.uploads).to_have_attribute("data-state", "done")


async def test_files_that_are_not_taken_are_named_with_the_reason(
    demo: Widget, shared_hub: Hub, tmp_path: Path
) -> None:
    before = stored.counts(shared_hub)
    lies, large, program, empty, drawing = (demo.uploads.nth(place) for place in range(5))
    await demo.files.set_input_files(_file("invoice.pdf", WINDOWS_PROGRAM))
    await expect(lies.get_by_role("alert")).to_contain_text("not what its name says")
    huge = tmp_path / "large.pdf"
    huge.write_bytes(b"%PDF-" + bytes(10 * 1024 * 1024))
    await demo.files.set_input_files(huge)
    await expect(large.get_by_role("alert")).to_contain_text("larger than 10 MB")
    await demo.files.set_input_files(_file("setup.exe", WINDOWS_PROGRAM, "application/octet-stream"))
    await expect(program.get_by_role("alert")).to_contain_text("Programs are not accepted")
    await demo.files.set_input_files(_file("empty.txt", b""))
    await expect(empty.get_by_role("alert")).to_contain_text("is empty")
    await demo.files.set_input_files(_file("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"))
    await expect(drawing.get_by_role("alert")).to_contain_text("Send a PNG")
    for refused in (lies, large, program, empty, drawing):
        await expect(refused.get_by_role("alert")).to_contain_text("Not attached")
    assert stored.counts(shared_hub) == before
    await expect(demo.send).to_be_disabled()  # there is nothing to send

    await demo.ask("Hello")
    await expect(demo.messages("customer").get_by_test_id("attachment")).to_have_count(0)
    await expect(demo.uploads).to_have_count(5)
    for left in (4, 3, 2, 1, 0):
        remove = demo.uploads.first.get_by_role("button", name="Remove")
        await expect(remove).to_have_text("Remove")
        await remove.click()
        await expect(demo.uploads).to_have_count(left)


async def test_a_refused_file_does_not_hold_back_the_one_beside_it(demo: Widget) -> None:
    await demo.files.set_input_files(
        [
            _file("setup.exe", WINDOWS_PROGRAM, "application/octet-stream"),
            _file("good.pdf", pdf("The good code is RST-9.")),
        ]
    )
    await expect(demo.uploads.nth(0)).to_have_attribute("data-state", "failed")
    await expect(demo.uploads.nth(1)).to_have_attribute("data-state", "done")
    await demo.ask("What is the good code?")
    sent = demo.messages("customer").get_by_test_id("attachment")
    await expect(sent).to_have_count(1)
    await expect(sent).to_contain_text("good.pdf")
    await expect(demo.uploads).to_have_count(1)
    await expect(demo.uploads).to_contain_text("setup.exe")


async def test_a_picture_is_shown_and_a_file_can_be_pasted(demo: Widget, page: Page) -> None:
    await demo.composer.evaluate(
        """(field, bytes) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], 'dot.png', {type: 'image/png'}));
            field.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}));
        }""",
        list(PNG),
    )
    await expect(demo.uploads).to_have_attribute("data-state", "done")
    await demo.send.click()
    picture = demo.messages("customer").get_by_role("img", name="dot.png")
    await expect(picture).to_be_visible()
    assert await picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == 8
