"""Pictures go to a model that sees and recordings to one that hears; without them, or when they fail, the rest goes on."""

from __future__ import annotations

import asyncio
import base64
import io
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image

from config import parts
from core.attachments.extract import ConfinedExtractor
from core.attachments.model_extractor import ModelExtractor
from core.clock import SystemClock
from core.domain.budget import Budget, Spender
from core.domain.errors import ExtractionFailed, ModelError, RequestRefused, TokensUsedUp
from core.llm.openai_chat import OpenAIChat
from core.llm.settings import OpenAIChatSettings
from core.llm.spending import ModelSpending
from core.llm.transcription import OpenAITranscriber
from core.ports.budgets import Budgets, NoBudgets
from core.ports.clock import Clock
from core.ports.confined import ConfinedCalls
from tests.contract.responders.world import SteppingClock
from tests.e2e.knowledge_copy import copy_of, indexed_sample, started
from tests.faults.attack.stranger import Session, Stranger, stranger
from tests.integration.attachments.reading_models import ReadingModels, reading_models
from tests.integration.llm.wire_server import model_at
from tests.patience import PATIENCE
from tests.servers import programs
from tests.servers.hub import Hub
from tests.unit.attachments.files import written
from tests.unit.attachments.pictures import INVOICE, drawn, encoded, photographed
from tests.unit.core.eventually import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

OGG = b"OggS\x00\x02" + bytes(20) + b"\x01\x13OpusHead" + bytes(200)
_TOKENS = Budget("model-tokens", 1, 1, 86_400)
SEEN = "INVOICE 4711, total 42.50 EUR. A paper lies on a table."
VOICE = "How long does the link to reset my password work?"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def calls() -> AsyncIterator[ConfinedCalls]:
    programs.tesseract()
    async with AsyncExitStack() as closing:
        yield parts.make_confined(closing).files


class _Counted(NoBudgets):
    """Grants everything until it is used up."""

    def __init__(self) -> None:
        self.spent: list[int] = []
        self.used_up = False

    def wait(self, budget: Budget, spender: Spender, amount: int = 1) -> float:
        return 60.0 if self.used_up else 0.0

    def spend(self, budget: Budget, spender: Spender, amount: int = 1) -> None:
        self.spent.append(amount)


def _transcriber(
    models: ReadingModels, clock: Clock, budgets: Budgets | None = None, seconds: float = PATIENCE
) -> OpenAITranscriber:
    settings = OpenAIChatSettings("whisper", f"{models.url}/audio/transcriptions", {"authorization": "Bearer k"})
    return OpenAITranscriber(settings, clock, ModelSpending(budgets or NoBudgets(), _TOKENS), seconds=seconds)


@asynccontextmanager
async def _reader(
    calls: ConfinedCalls, models: ReadingModels, clock: Clock | None = None, seconds: float = PATIENCE
) -> AsyncIterator[ModelExtractor]:
    """As the hub makes it."""
    clock = clock or SystemClock()
    model = OpenAIChat(model_at(models.url), clock)
    inner = ConfinedExtractor(calls)
    try:
        yield ModelExtractor(
            inner, clock, "Tidepool", lambda: model, _transcriber(models, clock), picture_seconds=seconds
        )
    finally:
        await model.aclose()


async def test_a_model_that_sees_gets_a_small_copy_without_the_place_where_it_was_taken(
    calls: ConfinedCalls, tmp_path: Path
) -> None:
    path = written(tmp_path, "a", photographed())
    async with reading_models(shown=SEEN) as models, _reader(calls, models) as extractor:
        assert await extractor.extract(path, name="a.jpg", media_type="image/jpeg") == SEEN
    ((text, picture),) = models.pictures
    assert text["type"] == "text"
    head, _, content = picture["image_url"]["url"].partition(",")
    assert (picture["type"], head) == ("image_url", "data:image/jpeg;base64")
    small = Image.open(io.BytesIO(base64.b64decode(content)))
    assert small.width > small.height
    assert not small.getexif()


async def test_an_endpoint_that_refuses_pictures_is_asked_once_and_their_text_is_read_without_it(
    calls: ConfinedCalls, tmp_path: Path
) -> None:
    path = written(tmp_path, "a", encoded(drawn(), "PNG"))
    async with reading_models() as models, _reader(calls, models) as extractor:
        for _ in range(3):
            text = await extractor.extract(path, name="a.png", media_type="image/png")
            assert text.split() == INVOICE.split()
        assert len(models.pictures) == 1


async def test_a_single_refusal_says_nothing_of_a_model_that_has_seen(calls: ConfinedCalls, tmp_path: Path) -> None:
    path = written(tmp_path, "a", encoded(drawn(), "PNG"))
    async with reading_models(shown=SEEN) as models, _reader(calls, models) as extractor:
        read = [await extractor.extract(path, name="a", media_type="image/png")]
        models.shown = None
        read.append(await extractor.extract(path, name="a", media_type="image/png"))
        models.shown = SEEN
        read.append(await extractor.extract(path, name="a", media_type="image/png"))
    assert [read[0], read[2]] == [SEEN, SEEN]
    assert "INVOICE 4711" in read[1]


async def test_a_broken_picture_is_shown_to_no_model(calls: ConfinedCalls, tmp_path: Path) -> None:
    path = written(tmp_path, "a", photographed()[:300])
    async with reading_models(shown=SEEN) as models, _reader(calls, models) as extractor:
        with pytest.raises(ExtractionFailed, match="damaged"):
            await extractor.extract(path, name="a", media_type="image/jpeg")
    assert models.pictures == []


@pytest.mark.parametrize(
    ("media_type", "ending"),
    [
        ("audio/ogg", ".ogg"),
        ("audio/mp4", ".m4a"),
        ("audio/mpeg", ".mp3"),
        ("audio/webm", ".webm"),
        ("audio/amr", ".amr"),
        ("video/mp4", ".mp4"),
        ("video/quicktime", ".mp4"),
        ("video/3gpp", ".mp4"),
    ],
)
async def test_a_recording_is_sent_as_it_is_under_an_ending_that_endpoints_know(
    calls: ConfinedCalls, tmp_path: Path, media_type: str, ending: str
) -> None:
    path = written(tmp_path, "a", OGG)
    async with reading_models(heard=f" {VOICE}\x00 ") as models, _reader(calls, models) as extractor:
        assert await extractor.extract(path, name="voice", media_type=media_type) == VOICE
    (sent,) = models.recordings
    assert sent == {
        "name": f"recording{ending}",
        "content": OGG,
        "model": "whisper",
        "authorization": "Bearer k",
    }


async def test_a_failure_that_may_pass_is_tried_once_more(calls: ConfinedCalls, tmp_path: Path) -> None:
    path = written(tmp_path, "a", OGG)
    async with reading_models(heard=VOICE, failures=[503]) as models, _reader(calls, models) as extractor:
        assert await extractor.extract(path, name="voice", media_type="audio/ogg") == VOICE
        assert len(models.recordings) == 2


@pytest.mark.parametrize("failures", [[401], [408, 408], [429, 429], [503, 503]])
async def test_an_endpoint_that_fails_is_left_alone_and_hears_the_recording_later(
    calls: ConfinedCalls, tmp_path: Path, failures: list[int]
) -> None:
    path, clock = written(tmp_path, "a", OGG), SteppingClock()
    async with (
        reading_models(heard=VOICE, failures=list(failures)) as models,
        _reader(calls, models, clock) as extractor,
    ):
        for _ in range(2):
            with pytest.raises(ModelError):  # and not ExtractionFailed, which would be kept
                await extractor.extract(path, name="voice", media_type="audio/ogg")
        assert len(models.recordings) == len(failures)
        clock.time += 60
        assert await extractor.extract(path, name="voice", media_type="audio/ogg") == VOICE


async def test_an_endpoint_that_hangs_is_asked_once_and_then_left_alone(tmp_path: Path) -> None:
    path = written(tmp_path, "a", OGG)
    async with reading_models(heard=VOICE, hangs=True) as models:
        transcriber = _transcriber(models, SteppingClock(), seconds=0.3)
        for _ in range(2):
            with pytest.raises(ModelError):
                await transcriber.transcribe(path, ".ogg")
        assert len(models.recordings) <= 1


async def test_recordings_are_paid_for_by_their_size_from_the_budget_of_tokens(tmp_path: Path) -> None:
    path, budgets = written(tmp_path, "a", OGG + bytes(2048)), _Counted()
    async with reading_models(heard=VOICE) as models:
        transcriber = _transcriber(models, SystemClock(), budgets)
        await transcriber.transcribe(path, ".ogg")
        assert budgets.spent == [3 * 8]
        budgets.used_up = True
        with pytest.raises(TokensUsedUp):
            await transcriber.transcribe(path, ".ogg")
    assert len(models.recordings) == 1


@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_an_answer_cut_off_blinds_nobody_else(calls: ConfinedCalls, tmp_path: Path, reason: str) -> None:
    path = written(tmp_path, "a", encoded(drawn(), "PNG"))
    async with reading_models(shown=SEEN, ends=reason) as models, _reader(calls, models) as extractor:
        assert "INVOICE 4711" in await extractor.extract(path, name="a.png", media_type="image/png")
        models.ends = "stop"
        assert await extractor.extract(path, name="a.png", media_type="image/png") == SEEN


async def test_a_picture_refused_for_what_it_shows_blinds_nobody_else(calls: ConfinedCalls, tmp_path: Path) -> None:
    path = written(tmp_path, "a", encoded(drawn(), "PNG"))
    async with reading_models(refusal="content_filter") as models, _reader(calls, models) as extractor:
        assert "INVOICE 4711" in await extractor.extract(path, name="a.png", media_type="image/png")
        models.shown = SEEN
        assert await extractor.extract(path, name="a.png", media_type="image/png") == SEEN


async def test_a_model_that_hangs_rests_a_minute_and_pictures_without_text_wait_for_it(
    calls: ConfinedCalls, tmp_path: Path
) -> None:
    with_text = written(tmp_path, "a", encoded(drawn(), "PNG"))
    without = written(tmp_path, "b", encoded(Image.new("RGB", (80, 80), "white"), "PNG"))
    clock = SteppingClock()
    async with reading_models(shown=SEEN, hangs=True) as models, _reader(calls, models, clock, 0.3) as extractor:
        assert "INVOICE 4711" in await extractor.extract(with_text, name="a.png", media_type="image/png")
        with pytest.raises(ModelError):
            await extractor.extract(without, name="b.png", media_type="image/png")
        assert len(models.pictures) <= 1
    async with reading_models(shown=SEEN) as models, _reader(calls, models) as extractor:
        assert await extractor.extract(without, name="b.png", media_type="image/png") == SEEN


async def test_a_format_that_the_endpoint_does_not_take_stays_for_people(calls: ConfinedCalls, tmp_path: Path) -> None:
    path = written(tmp_path, "a", OGG)
    async with reading_models() as models, _reader(calls, models) as extractor:
        with pytest.raises(ExtractionFailed, match="could not be written down"):
            await extractor.extract(path, name="voice", media_type="audio/amr")
    assert len(models.recordings) == 1


async def test_a_recording_over_the_limit_of_transcriptions_is_not_sent(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(25 * 2**20 + 1)
    async with reading_models(heard=VOICE) as models:
        with pytest.raises(RequestRefused, match="larger"):
            await _transcriber(models, SystemClock()).transcribe(path, ".mp3")
    assert models.recordings == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1"])
async def test_an_endpoint_out_of_reach_is_a_failure(tmp_path: Path, url: str) -> None:
    models = ReadingModels(url=url)
    with pytest.raises(ModelError, match="503"):
        await _transcriber(models, SystemClock()).transcribe(written(tmp_path, "a", OGG), ".ogg")


async def _answered(hub: Hub, name: str, content: bytes, text: str, holds: str) -> str:
    """What a customer reads in answer to a file and words.

    A slow machine may answer before it has read the file. The same content is known when it is sent again.
    """
    answer = await _answered_once(hub, name, content, text)
    return answer if holds in answer else await _answered_once(hub, name, content, text)


async def _answered_once(hub: Hub, name: str, content: bytes, text: str) -> str:
    async with stranger(hub) as customer:
        session = await customer.session()
        assert session is not None
        status, file = await customer.upload(session, name, content)
        assert status == 200, file
        assert await customer.send_file(session, file["id"], text) in (200, 202)
        await eventually(lambda: _is_read(hub, file["id"]))
        await eventually(lambda: _is_answered(customer, session))
        return str((await customer.history(session))[-1])


async def _is_answered(customer: Stranger, session: Session) -> bool:
    await asyncio.sleep(0.5)  # how often one address may ask is limited
    return await customer.is_answered(session)


def _is_read(hub: Hub, file_id: str) -> bool:
    with closing(sqlite3.connect(hub.data_dir / "switchboard.db")) as database:
        row = database.execute("select extraction from attachment where id = ?", (file_id,)).fetchone()
    return row is not None and row[0] != "pending"


@pytest.fixture
def hub_with(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Hub]]:
    """Starts a hub with the sample's documents, indexed already."""
    hubs: list[Hub] = []

    def start(**environment: str) -> Hub:
        hub = Hub(copy_of(indexed_sample(tmp_path_factory), tmp_path), sources="sample", environment=environment)
        hubs.append(hub)
        return started(hub)

    yield start
    for hub in hubs:
        hub.stop()


@pytest.mark.slow
async def test_an_invoice_as_photo_is_read_without_a_model(hub_with: Callable[..., Hub]) -> None:
    programs.tesseract()
    hub = await asyncio.to_thread(hub_with)
    answer = await _answered(hub, "invoice.jpg", photographed(), "What is the total of this invoice?", "42.50 EUR")
    assert "42.50 EUR" in answer
    assert "invoice.jpg" in answer, "the answer names its source"


@pytest.mark.slow
async def test_an_answer_about_a_photo_rests_on_what_the_model_saw_in_it(hub_with: Callable[..., Hub]) -> None:
    said = "The total is 42.50 EUR"
    async with reading_models(shown=SEEN, answer=f"{said} [{{file}}].") as models:
        hub = await asyncio.to_thread(hub_with, OPENAI_BASE_URL=models.url)
        answer = await _answered(hub, "invoice.jpg", photographed(), "What is the total of this invoice?", said)
    assert said in answer
    assert "invoice.jpg" in answer
    assert len(models.pictures) == 1
    assert any(SEEN in str(asked["messages"]) for asked in models.asked)


@pytest.mark.slow
async def test_a_voice_note_is_answered_with_a_source(hub_with: Callable[..., Hub]) -> None:
    said = "The link in the e-mail works for 60 minutes"
    async with reading_models(heard=VOICE, answer=f"{said} [1].") as models:
        hub = await asyncio.to_thread(
            hub_with, OPENAI_BASE_URL=models.url, OPENAI_API_KEY="sk-k", AGENT_TRANSCRIPTION_MODEL="whisper"
        )
        answer = await _answered(hub, "voice.ogg", OGG, "", said)
    assert said in answer
    assert "'title'" in answer, "the answer names its source"
    assert [one["model"] for one in models.recordings] == ["whisper"]
