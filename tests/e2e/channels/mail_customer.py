"""A person with a mail program: their letters reach the hub's mailbox on a real server, and answers reach theirs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from email.message import EmailMessage

from tests.e2e.channels.customer import Paper, addresses, until
from tests.integration.email_channel.rig import PostOffice, letter


class MailCustomer:
    """``has_read``: how far the hub has come in its mailbox, by the numbers that the server gives (from 1)."""

    channel = "email"

    def __init__(self, office: PostOffice, number: int, address: str, has_read: Callable[[], int]) -> None:
        self.who = f"ann{number}@customer.example"
        self._office = office
        self._address = address
        self._has_read = has_read

    async def write(self, text: str, *papers: Paper) -> EmailMessage:
        """A person's mail program goes on in the thread that it has."""
        got = self._got()
        headers = {"From": f"Ann Miller <{self.who}>", "To": self._address, "Subject": "A question"}
        if got:
            known = str(got[-1]["Message-ID"])
            headers |= {"Subject": str(got[-1]["Subject"]), "In-Reply-To": known, "References": known}
        mail = letter(text, **headers)
        for paper in papers:
            kind, _, subtype = paper.media_type.partition("/")
            mail.add_attachment(paper.content, maintype=kind, subtype=subtype, filename=paper.name)
        await self._office.deliver(mail, self._address)
        return mail

    async def again(self, said: EmailMessage) -> None:
        """The same mail twice in the mailbox."""
        await self._office.deliver(said, self._address)
        inbox = len(await self._office.mails(self._address))
        await until(lambda: self._has_read() >= inbox, self._has_read)

    async def ask_for_person(self) -> None:
        await self.write("I want to talk to a person")

    async def choose(self, number: int) -> None:
        await self.write(str(number))

    def read(self) -> list[str]:
        return [_text(mail) for mail in self._got()]

    async def papers(self) -> list[bytes]:
        return [bytes(part.get_content()) for mail in self._got() for part in mail.iter_attachments()]

    async def lose_file(self, send: Callable[[], Awaitable[None]]) -> None:
        self._office.postman.refusals.data.append("552 5.3.4 Message too big for system")
        await send()

    def links(self) -> list[str]:
        return [link for text in self.read() for link in addresses(text)]

    def _got(self) -> list[EmailMessage]:
        return [mail for mail in self._office.postman.letters if self.who in str(mail["To"])]


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body is not None else ""
