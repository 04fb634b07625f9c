"""The OpenAI-protocol server that the tests start."""

from __future__ import annotations

import openai
import pytest

from tests.fixtures.peers import MakeLlMock


async def test_it_answers_from_fixtures_and_refuses_the_rest(make_llmock: MakeLlMock) -> None:
    mock = make_llmock([{"match": {"userMessage": "hello"}, "response": {"content": "Good morning."}}])
    async with openai.AsyncOpenAI(base_url=mock.url, api_key="test", max_retries=0) as client:

        async def ask(text: str) -> str | None:
            answer = await client.chat.completions.create(model="any", messages=[{"role": "user", "content": text}])
            return answer.choices[0].message.content

        assert await ask("hello") == "Good morning."
        with pytest.raises(openai.APIStatusError):
            await ask("something else")
