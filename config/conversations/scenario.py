"""Scenarios: transcripts in YAML with what is to become of each turn in a real hub.

``docs/reference/conversations-format.md`` describes the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from config.conversations.transcript import (
    Known,
    RecordedCall,
    RecordedTurn,
    SentFile,
    Transcript,
    read_transcripts,
)
from core.domain.conversation import OwnershipState
from core.domain.errors import ConfigError

_LARGEST = 4 * 1024 * 1024
_ROOT: tuple[str | int, ...] = ()
ChannelName = Literal["web", "telegram", "telegram-group", "sms", "whatsapp", "slack", "slack-thread", "email"]
GROUPS: tuple[ChannelName, ...] = ("telegram-group", "slack-thread")
"""Where several people write in one conversation. Elsewhere each author has a conversation of their own."""
TICKET = "{ticket}"
"""In a scenario: the number of the newest ticket that was named in it before."""


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


def _beside_scenario(path: Path, info: ValidationInfo) -> Path:
    """Refuse paths outside the scenario's folder: what stands there would be sent to the model."""
    folder = (info.context or {}).get("folder")
    found = path if folder is None else (folder / path).resolve()
    if folder is not None and not (found.is_relative_to(folder) and found.is_file()):
        raise ValueError(f"there is no file {path} in the scenario's folder")
    if found.stat().st_size > _LARGEST:
        raise ValueError(f"{path} is larger than {_LARGEST // 1024 // 1024} MiB")
    return found


class CustomerFile(SentFile):
    """A file that a customer sends: its text, or what stands at ``path``. Then ``text`` is what is heard in a recording."""

    text: str = ""
    path: Annotated[Path, AfterValidator(_beside_scenario)] | None = None

    @model_validator(mode="after")
    def _has_content(self) -> CustomerFile:
        if "text" not in self.model_fields_set and self.path is None:
            raise ValueError("a file needs a text or a path")
        return self

    @property
    def content(self) -> bytes:
        """What is sent."""
        return self.text.encode() if self.path is None else self.path.read_bytes()


class StaffStep(RecordedCall):
    """What a member of the staff does in the case's thread. ``text``: of a reply, or of a note to colleagues."""

    name: Literal["claim", "take_over", "release", "hand_back", "resolve", "reply", "note"]
    text: str = ""
    by: Literal["Grace", "Linus"] = "Grace"

    @model_validator(mode="after")
    def _says_something(self) -> StaffStep:
        if (self.name in ("reply", "note")) is not bool(self.text):
            raise ValueError("reply and note need a text, and nothing else has one")
        return self


def _as_step(value: object) -> object:
    """``claim``, ``{reply: "…"}`` and ``{reply: "…", by: Linus}``."""
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, dict) and "name" not in value:
        names = value.keys() - {"by"}
        if len(names) == 1:
            (name,) = names
            return {"name": name, "text": value[name] or "", **{one: value[one] for one in value if one != name}}
    return value


class Turn(RecordedTurn):
    """A message of a customer, or steps of staff, and what customers and staff then see.

    Of ``sources`` and ``tools`` None expects nothing, and an empty list that there is none.
    """

    user: str = ""
    author: str = ""
    clock: AwareDatetime | None = None
    files: tuple[CustomerFile, ...] = ()
    staff: tuple[Annotated[StaffStep, BeforeValidator(_as_step)], ...] = ()
    says: Texts = ()
    says_not: Texts = ()
    sources: Texts | None = None
    tools: tuple[RecordedCall, ...] | None = None
    results: Texts = ()
    results_not: Texts = ()
    state: OwnershipState | None = None
    silent: bool = False
    staff_see: Texts = ()
    staff_see_not: Texts = ()
    judge: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Turn:
        if bool(self.staff) is bool(self.user or self.files):
            raise ValueError("a turn needs either user (or files), or staff")
        if self.reply and self.parts:
            raise ValueError("a turn needs either a reply or parts")
        return self

    @property
    def expects(self) -> bool:
        """Whether anything can fail."""
        return bool(
            self.expect
            or self.says
            or self.says_not
            or self.sources is not None
            or self.tools is not None
            or self.results
            or self.results_not
            or self.state
            or self.silent
            or self.staff_see
            or self.staff_see_not
            or self.judge
        )

    def with_ticket(self, number: str) -> Turn:
        """The same, with a ticket's number where the scenario refers to it."""
        written = self.model_dump_json(by_alias=True)
        return Turn.model_validate_json(written.replace(TICKET, number)) if number and TICKET in written else self


class Scenario(Transcript):
    """One conversation with a hub. ``channels``: it is played on each of them, as a scenario of its own.

    ``never``: what no customer may read in any of its turns.
    """

    channel: ChannelName = "web"
    channels: tuple[ChannelName, ...] = ()
    never: Texts = ()
    turns: Annotated[tuple[Turn, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _judged(self) -> Scenario:
        if not self.never and not any(turn.expects for turn in self.turns):
            raise ValueError("no turn expects anything: nothing would be judged")
        return self

    def earlier(self, place: int) -> list[Turn]:
        """What customers wrote before that turn in the same conversation."""
        author = None if self.channel in GROUPS else self.turns[place].author
        return [one for one in self.turns[:place] if not one.staff and author in (None, one.author)]

    def on_each_channel(self) -> list[Scenario]:
        """Itself, or one for each of ``channels``."""
        return [
            self.model_copy(update={"id": f"{self.id}-{name}", "channel": name, "channels": ()})
            for name in self.channels
        ] or [self]


class ScenarioFile(Known):
    """A file of scenarios. ``settings``: of the hub that plays them; paths are relative to the file.

    ``clock``: what time it is there when they begin; without it the real one, and the turns have none either.
    """

    model_config = ConfigDict(frozen=True)

    settings: Mapping[str, Any] = {}
    clock: AwareDatetime | None = None
    conversations: tuple[Scenario, ...]
    path: Path = Path()

    @model_validator(mode="after")
    def _has_ascending_clock(self) -> ScenarioFile:
        times = [turn.clock for case in self.conversations for turn in case.turns if turn.clock is not None]
        if times and (self.clock is None or sorted(times) != times or times[0] < self.clock):
            raise ValueError(
                "the turns' clock needs one of the file, and goes on from there, also through all conversations"
            )
        return self


def read_scenarios(path: Path) -> ScenarioFile:
    """Raises ConfigError that names the file and the line. JSON Lines are transcripts, played on the web."""
    if path.suffix == ".jsonl":
        known, found = read_transcripts(path)
        plain = [Scenario.model_validate(one.model_dump(by_alias=True, exclude_unset=True)) for one in found]
        return ScenarioFile(anchors=known.anchors, sources=known.sources, conversations=tuple(plain), path=path)
    try:
        if path.stat().st_size > _LARGEST:
            raise ConfigError(f"{path} is larger than {_LARGEST // 1024 // 1024} MiB.")
        text = path.read_text("utf-8")
        lines: dict[tuple[str | int, ...], int] = {}
        value = _value(_tree(text), lines, _ROOT)
        read = ScenarioFile.model_validate(value, extra="forbid", context={"folder": path.parent.resolve()})
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{path}, line {line}: {error.problem}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(f"{path}, line {_line(lines, first['loc'])}: {where or 'it'}: {first['msg']}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigError(f"{path}: {error}") from None
    cases = tuple(
        one.model_copy(update={"line": _line(lines, ("conversations", place))})
        for place, case in enumerate(read.conversations)
        for one in case.on_each_channel()
    )
    return read.model_copy(update={"conversations": cases, "path": path})


def _tree(text: str) -> yaml.Node:
    """Without aliases, by which a few lines could stand for gigabytes."""
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases (*) are not taken", problem_mark=event.start_mark)  # type: ignore[arg-type]
    tree = yaml.compose(text, Loader=yaml.CSafeLoader)
    if tree is None:
        raise ValueError("the file is empty")
    return tree


def _value(node: yaml.Node, lines: dict[tuple[str | int, ...], int], place: tuple[str | int, ...]) -> Any:
    """Plain data, and in ``lines`` where each part of it begins. A key that stands twice is an error."""
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_value(one, lines, (*place, number)) for number, one in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in found:
                raise yaml.MarkedYAMLError(problem=f"{name} stands here twice", problem_mark=key.start_mark)
            found[name] = _value(value, lines, (*place, name))
            lines[*place, name] = key.start_mark.line + 1
        return found
    return _SCALARS.construct_object(node)


_SCALARS = yaml.constructor.SafeConstructor()


def _line(lines: Mapping[tuple[str | int, ...], int], place: tuple[str | int, ...]) -> int:
    """Of the nearest part around it that the file has."""
    return next((lines[place[:end]] for end in range(len(place), -1, -1) if place[:end] in lines), 1)
