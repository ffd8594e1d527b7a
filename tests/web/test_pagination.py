"""Cursors: they come back as they went out, and what is none of ours is refused by name."""

import uuid

import pytest

from forms_service.errors import ValidationError
from forms_service.web.pagination import MAX_CURSOR_LENGTH, PageQuery, decode_cursor, encode_cursor, paginate


def test_a_cursor_gives_its_position_back() -> None:
    here = uuid.uuid4()
    assert decode_cursor(encode_cursor(here, 7), uuid.UUID, int) == (here, 7)
    assert decode_cursor(None, uuid.UUID) is None


def test_a_page_says_where_the_next_begins_and_the_last_that_there_is_none() -> None:
    def position(number: int) -> tuple[int]:
        return (number,)

    first = paginate([1, 2, 3], 2, position)
    assert first.items == [1, 2]
    assert decode_cursor(first.next, int) == (2,)
    assert paginate([3], 2, position).next is None
    assert paginate([], 2, position).next is None


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "!!",
        "ä",
        encode_cursor("no uuid"),
        encode_cursor(uuid.UUID(int=7), 1),
        "WzFd",
        "e30",
        "A" * (MAX_CURSOR_LENGTH + 1),
    ],
)
def test_what_is_no_cursor_of_the_list_is_refused_by_name(cursor: str) -> None:
    with pytest.raises(ValidationError) as caught:
        decode_cursor(cursor, uuid.UUID)
    assert [fault.code for fault in caught.value.field_errors["cursor"]] == ["invalid_cursor"]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "ten", "٥", "", "1_0", " 5"])
def test_a_limit_is_a_whole_number_from_1_to_100(limit: str) -> None:
    assert list(PageQuery().validate({"limit": limit})) == ["limit"]


def test_without_a_limit_a_page_has_25() -> None:
    assert PageQuery().load({}) == {"limit": 25, "cursor": None}
    assert PageQuery().load({"limit": "100"})["limit"] == 100
