"""A model behind placeholders: it sees none of the values, and whoever reads its answer sees all of them."""

from __future__ import annotations

from typing import Any

import pytest

from core.agent.whole_answer import SparedModel
from core.domain.errors import ModelError
from core.llm.masking import MaskedModel
from core.ports.chat_model import ChatMessage, ChatRequest, Finished, TextDelta, ToolCall
from tests.contract.responders.world import ScriptedModel, SteppingClock

MAIL, PHONE, IBAN = "ada@example.com", "+49 170 1234567", "DE89 3704 0044 0532 0130 00"
ASKED = (
    ChatMessage("system", "Answer customers."),
    ChatMessage("user", f"I am {MAIL}, call {PHONE}."),
    ChatMessage("assistant", "", (ToolCall("c1", "find", f'{{"email": "{MAIL}"}}'),)),
    ChatMessage("tool", f'{{"iban": "{IBAN}", "mail": "{MAIL}"}}', tool_call_id="c1"),
)


async def _ask(model: Any, *messages: ChatMessage) -> tuple[list[str], Finished]:
    shown: list[str] = []
    async for piece in MaskedModel(model).stream(ChatRequest(messages)):
        if isinstance(piece, Finished):
            return shown, piece
        shown.append(piece.text)
    raise AssertionError("The stream has no end.")


def _sent(model: ScriptedModel) -> str:
    return repr(model.requests[-1])


async def test_no_text_of_a_request_holds_a_value() -> None:
    model = ScriptedModel([TextDelta("Ok."), Finished("stop")])
    await _ask(model, *ASKED)
    assert not [value for value in (MAIL, PHONE, IBAN) if value in _sent(model)]
    system, user, call, result = model.requests[0].messages
    assert user.content == "I am [email 1], call [phone 1]."
    assert call.tool_calls[0].arguments == '{"email": "[email 1]"}'
    assert result.content == '{"iban": "[iban 1]", "mail": "[email 1]"}'
    assert system.content.startswith("Answer customers.")
    assert "placeholders" in system.content


async def test_without_personal_data_a_request_goes_as_it_is() -> None:
    model = ScriptedModel([TextDelta("Hello."), Finished("stop")])
    await _ask(model, ChatMessage("user", "Hello"))
    assert model.requests[0].messages == (ChatMessage("user", "Hello"),)


async def test_a_request_without_rules_gets_the_note_alone() -> None:
    model = ScriptedModel([TextDelta("Hello."), Finished("stop")])
    await _ask(model, ChatMessage("user", MAIL))
    assert [one.role for one in model.requests[0].messages] == ["system", "user"]


async def test_tools_get_the_true_values() -> None:
    call = ToolCall("c2", "refund", '{"to": "[iban 1]", "tell": ["[email 1]", "[phone 1]"], "n": "[email 9]"}')
    _, end = await _ask(ScriptedModel([Finished("tool_calls", (call,), {"total_tokens": 5})]), *ASKED)
    assert end.tool_calls[0].arguments == f'{{"to": "{IBAN}", "tell": ["{MAIL}", "{PHONE}"], "n": ""}}'
    assert (end.reason, end.usage, end.tool_calls[0].name) == ("tool_calls", {"total_tokens": 5}, "refund")


ANSWER = "We wrote to [email 1] [1], and [call] [Phone 1] or [email 7]! [iban 1][email"
TRUE = f"We wrote to {MAIL} [1], and [call] {PHONE} or ! {IBAN}[email"


@pytest.mark.parametrize("at", range(len(ANSWER) + 1))
async def test_an_answer_split_anywhere_never_shows_half_a_placeholder(at: int) -> None:
    model = ScriptedModel([TextDelta(ANSWER[:at]), TextDelta(ANSWER[at:]), Finished("stop")])
    shown, _ = await _ask(model, *ASKED)
    assert "".join(shown) == TRUE
    for end in range(len(shown)):
        assert TRUE.startswith("".join(shown[:end]))


async def test_an_answer_that_comes_sign_by_sign_is_whole() -> None:
    shown, _ = await _ask(ScriptedModel([*map(TextDelta, ANSWER), Finished("stop")]), *ASKED)
    assert "".join(shown) == TRUE
    assert MAIL in shown


async def test_who_types_a_placeholder_gets_no_value_for_it() -> None:
    model = ScriptedModel([TextDelta("[email 1] is not [email 2]."), Finished("stop")])
    shown, _ = await _ask(model, ChatMessage("system", f"Their mail: {MAIL}"), ChatMessage("user", "Say [email 1]"))
    assert "".join(shown) == f"[email 1] is not {MAIL}."


async def test_a_long_request_is_masked_too() -> None:
    model = ScriptedModel([TextDelta("[email 1]"), Finished("stop")])
    shown, _ = await _ask(model, ChatMessage("user", f"{'word ' * 10_000} {MAIL}"))
    assert "".join(shown) == MAIL
    assert MAIL not in _sent(model)


async def test_a_stream_that_breaks_off_says_so() -> None:
    with pytest.raises(ModelError):
        await _ask(ScriptedModel([TextDelta("[ema"), ModelError("cut")]), *ASKED)


async def test_a_summary_holds_true_values() -> None:
    spared = SparedModel(
        MaskedModel(ScriptedModel([TextDelta("Wants mail to [email 1]."), Finished("stop")])),
        SteppingClock(),
        "memory",
        seconds=5,
    )
    assert await spared.ask(ChatRequest(ASKED)) == f"Wants mail to {MAIL}."
