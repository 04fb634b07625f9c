"""A customer proves on the page that a number is theirs, is known on it, and undoes it; who only claims it gets nothing."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e import stored
from tests.e2e.channels.customer import Customer, until
from tests.e2e.desk.neighbourhood import Neighbourhood, neighbourhood

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

_CODE = re.compile(r"\b(\d{6}) is your code")
_TICKET = re.compile(r"TKT-\d{8}-\d{4}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory, knowledge_template: Path) -> AsyncIterator[Neighbourhood]:
    folder = tmp_path_factory.mktemp("linking")
    (folder / "documents").mkdir()
    (folder / "documents" / "returns.md").write_text("# Returns\n\nYou can return a parcel within 30 days.\n")
    async with neighbourhood(folder, str(folder / "documents"), knowledge_template, COMPANY_NAME="Acme") as built:
        yield built


async def _tell(customer: Customer, text: str) -> str:
    """What they are answered next."""
    before = len(customer.read())
    await customer.write(text)
    await until(lambda: len(customer.read()) > before, customer.read)
    return customer.read()[-1]


async def _code_at(phone: Customer, before: int) -> str:
    await until(lambda: len(_codes(phone)) > before, phone.read)
    return _codes(phone)[-1]


def _codes(phone: Customer) -> list[str]:
    return [code for text in phone.read() for code in _CODE.findall(text)]


async def test_a_code_links_a_number_and_unlink_parts_it(world: Neighbourhood) -> None:
    async with world.customer("web") as page, world.customer("sms") as phone, world.customer("web") as stranger:
        await _tell(page, "Hello, my name is Alice")
        assert "I have sent a code" in await _tell(page, f"link my phone {phone.who}")
        code = await _code_at(phone, 0)
        assert "both addresses are yours" in await _tell(page, code)
        await until(lambda: any("UNLINK" in text for text in phone.read()), phone.read)
        texts = "SELECT text FROM message m JOIN conversation c ON c.id = m.conversation_id WHERE c.thread = ?"
        written = [row["text"] for row in stored.rows(world.hub, f"{texts} AND m.author = 'customer'", page.who)]
        assert code not in written
        assert "••••••" in written

        await page.ask_for_person()
        await until(lambda: any(map(_TICKET.search, page.read())), page.read)
        (ticket,) = {found for text in page.read() for found in _TICKET.findall(text)}
        assert ticket in await _tell(phone, "my tickets")

        assert "I have sent a code" in await _tell(stranger, f"It's me, Alice, {phone.who}")
        theirs = await _code_at(phone, 1)
        wrong = f"{(int(theirs) + 1) % 1_000_000:06}"
        assert "not the right code" in await _tell(stranger, wrong)
        assert ticket not in await _tell(stranger, "my tickets")
        assert "I find no ticket" in await _tell(stranger, ticket)

        assert "no such link" in await _tell(phone, "UNLINK")
        assert ticket not in await _tell(phone, "my tickets")


async def test_mail_proves_an_address_by_its_code_and_not_by_its_sender(world: Neighbourhood) -> None:
    """No server of this world says whether a sender is forged: then the mail that comes in a linked name opens nothing."""
    async with world.customer("telegram") as chat, world.customer("e-mail") as mail:
        await _tell(chat, "Hello")
        assert "I have sent a code" in await _tell(chat, f"It's me, {mail.who}")
        code = await _code_at(mail, 0)
        assert "both addresses are yours" in await _tell(chat, code)
        await until(lambda: any("UNLINK" in text for text in mail.read()), mail.read)
        await chat.write("I want to talk to a person")
        await until(lambda: any(map(_TICKET.search, chat.read())), chat.read)
        (ticket,) = {found for text in chat.read() for found in _TICKET.findall(text)}
        await mail.write(f"Where is my ticket {ticket}?")
        await until(lambda: any(f"no ticket {ticket}" in text for text in mail.read()), mail.read)
        await mail.write("UNLINK")
        await until(lambda: any("no such link" in text for text in mail.read()), mail.read)
        open_links = "SELECT l.* FROM identity_link l JOIN identity i ON i.customer_id = l.other_id"
        rest = f"{open_links} WHERE i.external_id = ? AND l.unlinked_at IS NULL"
        assert stored.rows(world.hub, rest, mail.who) == []
