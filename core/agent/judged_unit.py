"""One sentence of an answer on its way through the gate, and what decides whether it passes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.agent.answer_layout import Shape
from core.agent.answer_unit import Quote, UnitKind
from core.agent.evidence import AnswerEvidence, Finding
from core.agent.exact_parts import exact_parts
from core.agent.literal import words
from core.agent.questions import opens_a_question
from core.agent.settings import Strictness
from core.ports.verifier import Verdict

_ASKS = re.compile(r"[?؟？][\s*_\"'”’»)」』]*$")
_TAG = re.compile(r"[,،、，;—–-]\s*(?:[^\s,]+\s?){1,3}[?؟？][\s*_\"'”’»)」』]*$")
"""A statement that asks for consent: "it is free, isn't it?"."""

_SET_OFF = re.compile(r"[^,،、，;；—–:?？؟]+(?:[,،;—–]\s|[、，；])")
"""What may be stated before something is asked: "I have cancelled it, is there anything else?"."""
_ADDRESSES = 3
"""Words that only turn to the customer: "All right, Ann, ..."."""


@dataclass(slots=True)
class JudgedUnit:
    """``text`` has the valid markers in the model's numbers, ``stated`` has none. ``passed`` is None until it is decided.

    ``source``: the source that bears it out where no marker says so. ``is_given``: what it states rests on more than on what the
    customer said long ago, or is only how they are called or reached.
    """

    gap: str
    text: str
    stated: str
    shape: Shape
    cited: tuple[int, ...] = ()
    kind: UnitKind = UnitKind.TEXT
    quotes: tuple[Quote, ...] = ()
    finding: Finding = Finding.OPEN
    source: int | None = None
    passed: bool | None = None
    verdict: Verdict | None = None
    is_near: bool = False
    is_given: bool = False

    @property
    def asks(self) -> bool:
        return _ASKS.search(self.stated) is not None

    def is_harmless(self, evidence: AnswerEvidence) -> bool:
        """Whether it is a question, a lead-in or an opening that cites nothing and states nothing to the letter."""
        if self.cited or self.quotes:
            return False
        if self.asks and self.kind in (UnitKind.TEXT, UnitKind.QUESTION):
            return not self._tells(evidence) and evidence.is_customers(self.stated)
        opens = self.shape is Shape.SHORT and not evidence.shares_words(self.stated)
        leads = opens or self.shape in (Shape.LEAD, Shape.HEAD, Shape.RULE)
        return (leads and not self.is_claim) or self._answers_talk(evidence)

    def _tells(self, evidence: AnswerEvidence) -> bool:
        """Whether it states something and only then asks: for consent, or for something else."""
        tag, lead = _TAG.search(self.stated), _SET_OFF.match(self.stated)
        if tag and not evidence.shares_words(tag[0]):
            return True
        told = lead[0] if lead else ""
        return len(words(told)) > _ADDRESSES and not opens_a_question(told) and evidence.shares_words(told)

    def _answers_talk(self, evidence: AnswerEvidence) -> bool:
        """Short talk where the customer only talks."""
        return evidence.only_talk and evidence.is_talk(self.stated)

    def opens_unchecked(self, evidence: AnswerEvidence) -> bool:
        """Whether it passed as the opening of what follows, and says more than a word."""
        opens = self.shape is Shape.SHORT and self.passed is True and self.verdict is None and " " in self.stated
        return opens and not self._answers_talk(evidence)

    def rests_on_evidence(self, *, had_results: bool) -> bool:
        """Whether it tells something that was given, rather than being talk or a question.

        "Press **Forgot password?** [1]" ends like a question, and cites: it tells.
        """
        if self.asks and not self.cited:
            return False
        if self.verdict is Verdict.SUPPORTED:
            return had_results or self.is_given or self.source is not None
        if self.passed and self.kind in (UnitKind.DONE, UnitKind.TOOL):
            return True
        given = self.verdict is Verdict.ARITHMETIC and self.is_given
        return self.is_near or given or self.finding in (Finding.PROVEN, Finding.QUOTED)

    @property
    def admits(self) -> bool:
        """Whether it says that the answer is not known."""
        return self.verdict is Verdict.UNKNOWN or self.kind is UnitKind.UNKNOWN

    @property
    def is_claim(self) -> bool:
        """Whether it cites, or states something to the letter."""
        return bool(self.cited or self.quotes) or not exact_parts(self.stated).none

    @property
    def tells_of_deed(self) -> bool:
        """Whether it says that something was done or will be."""
        return self.kind is UnitKind.DONE or self.verdict is Verdict.PROMISES

    @property
    def is_loss(self) -> bool:
        """Whether it would have told something; of what is left out."""
        told = self.verdict in (Verdict.UNSUPPORTED, Verdict.PROMISES) or self.finding is Finding.REFUTED
        return told or self.is_claim or (self.verdict is None and not self.asks and self.shape is not Shape.SHORT)

    def decide(self, verdict: Verdict, evidence: AnswerEvidence) -> None:
        """What the verifier says of it. A promise that a result of this turn shows to be kept is none."""
        self.verdict = verdict
        kept = verdict is Verdict.PROMISES and evidence.shows_deed(self.stated)
        self.passed = kept or verdict not in (Verdict.UNSUPPORTED, Verdict.PROMISES)
        if verdict is Verdict.ARITHMETIC:
            self.is_given = not evidence.is_memory_alone
        elif verdict is Verdict.SUPPORTED:
            cites = bool(self.cited or self.quotes) or (self.is_claim and not evidence.recalled)
            given = cites or (self.is_claim and evidence.is_given(self.stated))
            self.is_given = given or evidence.tells_details(self.stated)

    def decide_without_verdict(self, evidence: AnswerEvidence, strictness: Strictness) -> None:
        """By code alone: what it proves, with VERIFY what is near the evidence, with TRUST all that is not refuted."""
        trusting = strictness is Strictness.TRUST
        if self.kind is UnitKind.DONE:
            self.passed = evidence.shows_deed(self.stated)
        elif self.kind is UnitKind.TOOL:
            self.passed = trusting or evidence.stands_in_results(self.stated)
        elif self.kind in (UnitKind.CHAT, UnitKind.UNKNOWN):
            self.passed = trusting or evidence.is_talk(self.stated)
        else:
            tells = self.kind in (UnitKind.TEXT, UnitKind.FACT) and strictness is Strictness.VERIFY
            self.is_near = tells and evidence.is_near(self.stated, self.cited)
            self.passed = trusting or self.finding is Finding.QUOTED or self.is_near
