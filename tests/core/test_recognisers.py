"""What the privacy filter recognises by itself, in which formats, and what it leaves alone."""

import itertools
import random

import pytest

from agentmem_core.privacy import configured_filter
from agentmem_core.privacy.checksums import is_card, is_iban, is_resident_id, luhn
from agentmem_core.privacy.recognisers import BUILT_IN

ALL = ["email", "phone", "card", "iban", "id"]
SECRETS = {
    "email": ["ana@example.com", "ana.b+news@mail.example.co.uk", "ａｎａ＠example．com", "ana[at]example.org", "ANA@EXAMPLE.COM"],
    "card": ["4111 1111 1111 1111", "4111-1111-1111-1111", "378282246310005", "5500000000000004", "６０１１０００９９０１３９４２４", "6222021234567890128"],
    "iban": ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "fr14 2004 1010 0505 0001 3m02 606", "NL91-ABNA-0417-1643-00"],
    "id": ["11010519491231002X", "110105 19491231 002x", "１１０１０５１９４９１２３１００２Ｘ", "078-05-1120", "219 09 9999"],
    "phone": [
        "+351 912 345 678", "+1 (415) 555-0132", "(415) 555-0132", "415-555-0132", "415.555.2671", "13800138000", "138 0013 8000",
        "+86 138-0013-8000", "１３８００１３８０００", "010-62345678", "(021) 6234 5678", "400-820-8820", "020 7946 0958", "06 12 34 56 78",
        "0044 20 7946 0958", "+49 30 901820", "1-800-555-0199",
    ],
}  # fmt: skip
HARMLESS = [
    "on 2024-05-03 at 12:30", "2024-05-03T10:00:00Z", "version 1.2.3.4", "192.168.100.200", "$4,155,555.26", "order 1234567890123",
    "1700000000000", "ISBN 978-3-16-148410-0", "01a205ca-dff6-7dd4-92c5-9b80743f5279", "3.14159265358979", "2023 2024 2025 2026",
    "4111 1111 1111 1112", "DE89 3704 0044 0532 0130 01", "110105194912310021", "000-12-3456", "666-12-3456", "900-12-3456",
    "follow @ana", "a@b", "5 + 1234567 = 9", "room 12, floor 3, 2019", "我有3个孩子，2019年搬来", "第100000号", "0000 0000 0000 0000",
]  # fmt: skip


def cleaned(text, redact=ALL, block=None):
    privacy = configured_filter(redact, block)
    assert privacy is not None
    return privacy.clean(text)


@pytest.mark.parametrize(("kind", "secret"), [(kind, secret) for kind in SECRETS for secret in SECRETS[kind]])
@pytest.mark.parametrize("frame", ["{}", "write to {} please", "我的是{}，谢谢", "({})", "{}.", "a: {}\nb"])
def test_each_kind_is_found_in_its_formats(kind, secret, frame):
    found = cleaned(frame.format(secret))
    assert found.text == frame.format(f"[{kind}]")
    assert found.redacted == {kind: 1}


@pytest.mark.parametrize("text", HARMLESS)
def test_other_numbers_are_left_alone(text):
    assert cleaned(text).text == text


def test_what_was_taken_out_is_not_taken_out_again():
    once = cleaned("ana@example.com or 13800138000").text
    assert cleaned(once).text == once == "[email] or [phone]"


def test_bare_digits_are_a_telephone_number_where_the_words_say_so():
    assert cleaned("my phone is 4155552671").text == "my phone is [phone]"
    assert cleaned("电话：62345678").text == "电话：[phone]"
    assert cleaned("4155552671 rows").text == "4155552671 rows"


def test_made_up_cards_and_accounts_are_found_and_with_a_wrong_digit_they_are_not():
    chance = random.Random(4)
    for _ in range(300):
        digits = "4" + "".join(chance.choices("0123456789", k=14))
        check = next(digit for digit in "0123456789" if luhn(digits + digit))
        grouped = chance.choice(["", " ", "-"]).join((digits + check)[at : at + 4] for at in range(0, 16, 4))
        assert cleaned(f"pay {grouped} now", ["card"]).text == "pay [card] now"
        wrong = str((int(check) + 1) % 10)
        assert not is_card(digits + wrong)
    for _ in range(300):
        account = "".join(chance.choices("0123456789", k=18))
        number = int(account + "131400")
        iban = f"DE{98 - number % 97:02}{account}"
        assert is_iban(iban)
        assert cleaned(f"to {iban} today", ["iban"]).text == "to [iban] today"
    assert not is_resident_id("110105194902310026")


def test_no_text_breaks_it_and_it_takes_bounded_time():
    chance = random.Random(5)
    parts = [
        "1",
        "4111",
        "+",
        " ",
        "-",
        "@",
        "a",
        "DE89",
        ".",
        "(",
        ")",
        "００",
        "X",
        "电话",
        "\u200b",
        "138",
        "00",
        "\x7f",
    ]
    for _ in range(2_000):
        text = "".join(chance.choices(parts, k=chance.randint(0, 60)))
        cleaned(text)
    for text in (
        "1 " * 100_000,
        "1" * 200_000,
        "a" * 200_000 + "@",
        "+1 " * 60_000,
        "DE89 " * 40_000,
        "a@b." * 50_000,
        "(" * 200_000 + "1234567",
    ):
        cleaned(text)


def test_pairs_of_kinds_stand_beside_each_other():
    for one, other in itertools.permutations(SECRETS, 2):
        text = f"{SECRETS[one][0]}, {SECRETS[other][0]}"
        assert cleaned(text).text == f"[{one}], [{other}]"


def test_built_in_kinds_are_those_of_the_manual():
    assert sorted(BUILT_IN) == sorted(ALL)
