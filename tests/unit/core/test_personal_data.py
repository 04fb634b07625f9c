"""What is found by its form, what is not, and that placeholders come back as what they stand for, and as nothing else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.personal_data import Placeholders, personal_data, unfinished_placeholder

FOUND = {
    "email": ["ada@example.com", "o'brien.x+1@mail.example.co.uk", "jürgen@müller.de", "a_b@x-y.io"],
    "phone": [
        *("+49 170 1234567", "+491701234567", "0049 170 1234567", "0170/1234567", "(555) 123-4567", "555-123-4567"),
        *("01 02 03 04 05", "+1 (800) 555-0100", "0170 123 45 67", "612 345 678"),
    ],
    "iban": [
        "DE89 3704 0044 0532 0130 00",
        "de89370400440532013000",
        "GB82 WEST 1234 5698 7654 32",
        "NO93 8601 1117 947",
    ],
    "card": ["4111 1111 1111 1111", "5500-0000-0000-0004", "4111111111111111", "3782 822463 10005"],
    "ip": ["192.168.0.12", "2001:db8::1", "fe80::1ff:fe23:4567:890a"],
    "id": [
        *("12345678Z", "X1234567L", "255081416802538", "RSSMRA85T10A562S", "44051401359", "529.982.247-25"),
        *("123-45-6789", "86095742719"),
    ],
}
LEFT = [
    *("TP-2041 costs 1,234.50 EUR", "ticket 1234567", "on 01.02.2024, 2024-11-24 or 24/11/2024 at 10:30:45"),
    *(
        "std::vector",
        "100% of 12345678",
        "0.12345678901",
        "300.1.1.1",
        "me @ home",
        "@ada",
        "DE89370400440532013001",
    ),
    *("4111 1111 1111 1112", "12345678A", "999.999.999-99", "", "a [email 1] of yours"),
]
VALUES = [(kind, value) for kind, values in FOUND.items() for value in values]


@pytest.mark.parametrize(("kind", "value"), VALUES)
@pytest.mark.parametrize(
    "around", ["{}", "It is {}.", "({})", "a\n{}\nb", '{{"x": "{}"}}', '{{"x":"a\\n{}\\nb"}}', "1 {}, 2"]
)
def test_what_has_the_form_is_found_wherever_it_stands(kind: str, value: str, around: str) -> None:
    text = around.format(value)
    found = [text[one.start : one.end] for one in personal_data(text)]
    assert any(value in one for one in found), (kind, found)
    assert value not in Placeholders(text).mask(text)


@pytest.mark.parametrize(("kind", "value"), VALUES)
def test_alone_it_is_found_to_the_letter(kind: str, value: str) -> None:
    assert personal_data(f"It is {value}.") == [(6, 6 + len(value), kind)]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        *(("卡号4111111111111111是", "卡号[card 1]是"), ("电话01012345678。", "电话[phone 1]。")),
        *(
            ("번호는 555-123-4567입니다", "번호는 [phone 1]입니다"),
            ("口座DE89370400440532013000です", "口座[iban 1]です"),
        ),
        *(("身份证44051401359号", "身份证[id 1]号"), ("地址192.168.0.12和fe80::1的", "地址[ip 1]和[ip 2]的")),
        *(("بطاقة ٤١١١١١١١١١١١١١١١", "بطاقة [card 1]"), ("कार्ड ४१११ ११११ ११११ ११११", "कार्ड [card 1]")),
        *(
            ("+33\u202f6\u202f12\u202f34\u202f56\u202f78", "[phone 1]"),
            ("4111\u20111111\u20111111\u20111111", "[card 1]"),
        ),
        *(("1-555-123-4567", "[phone 1]"), ("call_01701234567.txt", "call_[phone 1].txt")),
        ("https://example.org/?to=ada%40example.com", "https://example.org/?to=[email 1]"),
    ],
)
def test_other_scripts_and_signs_hide_no_value(text: str, masked: str) -> None:
    assert Placeholders(text).mask(text) == masked


@pytest.mark.parametrize(
    "value", ["josé@example.com", "o'brien+1@example.com", "ada@müller.de", "030/1234567", "+491701234567"]
)
def test_escapes_of_json_hide_no_value(value: str) -> None:
    escaped = "".join(sign if sign.isascii() and sign not in "+'" else f"\\u{ord(sign):04X}" for sign in value)
    placeholders = Placeholders()
    masked = placeholders.mask('{"a":"' + escaped.replace("/", r"\/") + '"}')
    assert masked in ('{"a":"[email 1]"}', '{"a":"[phone 1]"}')
    assert placeholders.restore(masked) == '{"a":"' + value + '"}'


def test_an_escaped_space_is_part_of_a_number() -> None:
    assert Placeholders().mask(json.dumps("+33\u00a06 12 34 56 78")) == '"[phone 1]"'


def test_dates_in_escaped_json_are_left() -> None:
    assert personal_data(r'{"at": "05\/06\/2024 10:15"}') == []


@pytest.mark.parametrize("text", LEFT)
def test_what_has_no_such_form_is_left(text: str) -> None:
    assert personal_data(text) == []


def test_no_value_reaches_across_a_line_or_a_date() -> None:
    for text in (r"0170\n1234567", "0170\n1234567", "0170 2024-11-24 1234567"):
        assert personal_data(text) == []
    two = r"+49 170 1234567\n0170 7654321"
    assert [two[one.start : one.end] for one in personal_data(two)] == ["+49 170 1234567", "0170 7654321"]


def test_the_same_value_has_the_same_placeholder_in_all_texts() -> None:
    placeholders = Placeholders()
    assert placeholders.mask("ada@x.org, bob@x.org") == "[email 1], [email 2]"
    assert placeholders.mask("bob@x.org +49 170 1234567") == "[email 2] [phone 1]"
    assert placeholders.restore("[email 2] and [Email 1]") == "bob@x.org and ada@x.org"


def test_a_placeholder_that_was_never_given_is_left_out() -> None:
    placeholders = Placeholders()
    placeholders.mask("ada@x.org")
    assert placeholders.restore("Write to [email 2] or [phone 1].") == "Write to  or ."


def test_who_writes_a_placeholder_gets_nobodys_address() -> None:
    texts = "Customer: send it to [email 1] or [EMAIL 3]", "Their address: ada@x.org, bob@x.org"
    placeholders = Placeholders(*texts)
    assert placeholders.mask(texts[1]) == "Their address: [email 2], [email 4]"
    assert placeholders.restore("[email 1], [email 2], [email 3]") == "[email 1], ada@x.org, [email 3]"


@given(
    st.lists(
        st.one_of(
            st.sampled_from([value for _, value in VALUES]),
            st.text(max_size=20),
            st.sampled_from(["[email 1]", "[ip 2]", "[", "]"]),
        )
    )
)
def test_masked_text_holds_no_value_and_comes_back(pieces: list[str]) -> None:
    text = " , ".join(pieces)
    placeholders = Placeholders(text)
    masked = placeholders.mask(text)
    assert not [value for _, value in VALUES if value in masked]
    assert placeholders.restore(masked) == text


@given(st.sampled_from(VALUES), st.text(max_size=30), st.text(max_size=30))
def test_json_stays_json(value: tuple[str, str], before: str, behind: str) -> None:
    said = {"said": f"{before} {value[1]} {behind}"}
    for ascii_only in (True, False):
        text = json.dumps(said, ensure_ascii=ascii_only)
        placeholders = Placeholders(text)
        assert json.loads(placeholders.restore(placeholders.mask(text))) == said


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        *(("a [", "["), ("a [em", "[em"), ("a [email", "[email"), ("a [email 12", "[email 12"), ("[1] says [", "[")),
        *(("a [email 1]", ""), ("a", ""), ("[ but", ""), ("[email x", ""), ("a [email 1234567", "")),
    ],
)
def test_half_a_placeholder_at_the_end_is_told(text: str, rest: str) -> None:
    assert text[unfinished_placeholder(text) :] == rest
