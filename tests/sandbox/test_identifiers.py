"""Identifiers of the generator, judged by python-stdnum, which knows nothing of it."""

from random import Random

import pytest
from stdnum.cn import ric, uscc
from stdnum.iso7064 import mod_11_10

from sandbox.generator import identifiers
from sandbox.generator.capitals import capitals
from sandbox.generator.names import COMPANY, PERSON, SHOP, TRADES_BY_DEPARTMENT, party


def test_every_party_has_identifiers_that_an_independent_library_accepts() -> None:
    rng = Random(3)
    met = set()
    for serial in range(500):
        one = party(serial, rng)
        met.add(one.category)
        if one.category == PERSON:
            assert one.person_id is not None
            assert ric.is_valid(one.person_id)
            continue
        assert one.credit_code is not None
        assert uscc.is_valid(one.credit_code)
        assert one.representative_id is not None
        assert ric.is_valid(one.representative_id)
        if one.registration:
            assert mod_11_10.is_valid(one.registration)
    assert met == {COMPANY, SHOP, PERSON}


@pytest.mark.parametrize("department", sorted(TRADES_BY_DEPARTMENT))
def test_authorities_have_valid_codes(department: str) -> None:
    assert uscc.is_valid(TRADES_BY_DEPARTMENT[department].authority_code)


def test_spoiled_codes_are_refused_by_the_independent_library() -> None:
    rng = Random(4)
    for serial in range(200):
        code = identifiers.credit_code("91", "530102", 20_000_000 + serial)
        assert not uscc.is_valid(identifiers.spoiled(code))
        assert not ric.is_valid(identifiers.spoiled(identifiers.resident_id(rng)))


def test_organisation_codes_published_as_examples_keep_their_check_digit() -> None:
    assert identifiers.organisation_check_digit("D2143569") == "X"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (500, "伍佰"),
        (12_000, "壹万贰仟"),
        (10_500, "壹万零伍佰"),
        (20_050, "贰万零伍拾"),
        (60_000, "陆万"),
        (1_001, "壹仟零壹"),
    ],
)
def test_capitals(number: int, words: str) -> None:
    assert capitals(number) == words
