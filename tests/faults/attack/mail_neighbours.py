"""The other customers who write mail while a stranger sends hostile ones, each waiting for an answer before writing again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage

from tests.faults.attack.patience import until
from tests.integration.email_channel.rig import PostOffice, letter
from tests.soak_report import Report


class MailNeighbour:
    """Writes until ``enough`` is set, and once more: that mail lies behind all of the attack."""

    def __init__(self, office: PostOffice, company: str, number: int, enough: asyncio.Event, within: float) -> None:
        self.address = f"ann{number}@gmail.com"  # a great provider: its domain has no budget of answers
        self.asked: list[str] = []
        self._office = office
        self._company = company
        self._enough = enough
        self._within = within

    async def run(self) -> None:
        """Ends when the last mail is answered."""
        last = False
        while not last:
            last = self._enough.is_set()
            mail = letter("How do I reset my password?", From=f"Ann <{self.address}>", To=self._company)
            self.asked.append(str(mail["Message-ID"]))
            await self._office.deliver(mail, self._company)
            await until(self._is_answered, f"{self.address} gets no answer", self._within)

    def is_answered_once(self) -> bool:
        """Whether any answer has come."""
        return bool(self._received())

    def wrong(self) -> list[str]:
        """What was not answered exactly once; empty when everything was."""
        answered = self._answered()
        return [f"{one} was answered {answered[one]} times" for one in self.asked if answered[one] != 1]

    async def _is_answered(self) -> bool:
        return self.asked[-1] in self._answered()

    def _answered(self) -> Counter[str]:
        return Counter(str(mail["In-Reply-To"]) for mail in self._received())

    def _received(self) -> list[EmailMessage]:
        return [mail for mail in self._office.postman.letters if self.address in str(mail["To"])]


class MailNeighbourhood:
    """``enough``: to be set when the attack has been sent."""

    def __init__(self, office: PostOffice, company: str, count: int, within: float) -> None:
        self.enough = asyncio.Event()
        self._people = [MailNeighbour(office, company, number, self.enough, within) for number in range(count)]
        self._tasks = [asyncio.create_task(one.run()) for one in self._people]

    async def first_answered(self) -> None:
        """Until everybody has their first answer: the hub has begun all that it begins only once."""

        async def is_so() -> bool:
            return all(one.is_answered_once() for one in self._people)

        await until(is_so, "no first answer")

    async def answered(self) -> None:
        """Until the mails behind the attack are answered."""
        await asyncio.gather(*self._tasks)

    def judge(self, report: Report) -> None:
        """Everybody was answered, once."""
        wrong = [line for one in self._people for line in one.wrong()]
        report.record("mails of other customers", sum(len(one.asked) for one in self._people))
        report.record("of them lost or answered twice", len(wrong))
        assert not wrong, wrong

    async def leave(self) -> None:
        """Stop writing, whatever is outstanding."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def mail_neighbourhood(
    office: PostOffice, company: str, count: int, *, within: float
) -> AsyncIterator[MailNeighbourhood]:
    """They write from the beginning to the end."""
    found = MailNeighbourhood(office, company, count, within)
    try:
        yield found
    finally:
        await found.leave()
