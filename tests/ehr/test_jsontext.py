import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketplan.ehr import jsontext

scalars = (
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False, allow_infinity=False)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12
)


@pytest.mark.parametrize(
    "text", ["0.50", "1.10", "7.200", "0.0000001", "123456789012345678901.5", "-0.0", "1E+2"]
)
def test_a_decimal_keeps_every_digit_through_reading_and_writing(text: str) -> None:
    assert jsontext.dumps({"value": Decimal(text)}) == f'{{"value":{text}}}'.replace("0.0000001", "1E-7")
    read = jsontext.loads(f'{{"value": {text}}}'.encode())["value"]
    assert (type(read), read.as_tuple()) == (Decimal, Decimal(text).as_tuple())


@settings(max_examples=50)
@given(values)
def test_what_is_written_is_read_back_the_same(value: object) -> None:
    text = jsontext.dumps({"value": value})
    assert jsontext.dumps(jsontext.loads(text.encode())) == text
    json.loads(text)


@pytest.mark.parametrize("number", [Decimal("NaN"), Decimal("Infinity"), float("nan"), float("inf")])
def test_a_number_json_does_not_have_is_refused(number: object) -> None:
    with pytest.raises(ValueError):
        jsontext.dumps({"value": number})


@pytest.mark.parametrize("body", [b"", b'{"a":', b"NaN", b"\xff", b"[" * 200_000])
def test_what_is_not_json_is_one_kind_of_error(body: bytes) -> None:
    with pytest.raises(ValueError):
        jsontext.loads(body)
