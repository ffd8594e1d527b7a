"""Encodings, delimiters and odd tables."""

import json
import tracemalloc
from pathlib import Path

import pytest

from forms_service.imports.sources.files import MAX_LINE, ImportFile

TABLE = "Größe;Name\r\n44;Zoë\r\n"


def rows(path: Path, encoding: str | None = None) -> list[dict[str, str]]:
    return [row.value for row in ImportFile(str(path), encoding).csv_rows(lambda _: None)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_the_encoding_is_found_by_the_bytes(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(TABLE.encode(encoding))
    assert rows(path) == [{"Größe": "44", "Name": "Zoë"}]
    document, lines = tmp_path / "list.json", tmp_path / "list.jsonl"
    document.write_bytes(json.dumps([{"Name": "Zoë"}], ensure_ascii=False).encode(encoding))
    assert [row.value for row in ImportFile(str(document)).items("item")] == [{"Name": "Zoë"}]
    lines.write_bytes('{"Name": "Zoë"}\n\n{"Name": "Bo"}\n'.encode(encoding))
    read = ImportFile(str(lines)).json_lines(lambda _: None)
    assert [(row.line, row.value) for row in read] == [(1, {"Name": "Zoë"}), (3, {"Name": "Bo"})]


def test_an_encoding_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes("名前,x\n山田,1\n".encode("shift_jis"))
    assert rows(path, "Shift_JIS") == [{"名前": "山田", "x": "1"}]


def test_a_broken_byte_far_down_makes_the_whole_file_windows_1252(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"name\n" + b"x\n" * 100_000 + "Zoë\n".encode("cp1252"))
    assert rows(path)[-1] == {"name": "Zoë"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\tb\n1\t2,5\n", [{"a": "1", "b": "2,5"}]),
        ("a|b\n1|2\n", [{"a": "1", "b": "2"}]),
        ('a,b\n"one\r\ntwo, three",2\n', [{"a": "one\r\ntwo, three", "b": "2"}]),
        ("a,a,\n1,2,3,4\n5\n", [{"a": "1", "a (2)": "2", "column 3": "3", "column 4": "4"}, {"a": "5"}]),
        ("a\rb\r", [{"a": "b"}]),
        ("a\n", []),
    ],
)
def test_odd_tables_keep_every_cell(tmp_path: Path, text: str, expected: list[dict[str, str]]) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text, newline="")
    assert rows(path) == expected


def test_a_missing_quotation_mark_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text('a,b\n1,2\n3,"4' + "\nx" * MAX_LINE)
    with pytest.raises(ValueError, match="Line 3 is not valid CSV"):
        rows(path)


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, kind: str) -> None:
    def peak(number: int) -> int:
        path = tmp_path / f"{number}.{kind}"
        item = json.dumps({"name": "x" * 500})
        text = {
            "csv": "name\n" + f"{'x' * 500}\n" * number,
            "json": f"[{', '.join([item] * number)}]",
            "jsonl": f"{item}\n" * number,
        }[kind]
        path.write_text(text)
        del text
        file = ImportFile(str(path))
        tracemalloc.start()
        read = {
            "csv": lambda: file.csv_rows(lambda _: None),
            "json": lambda: file.items("item"),
            "jsonl": lambda: file.json_lines(lambda _: None),
        }[kind]()
        assert sum(1 for _ in read) == number
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(6000) < 1.3 * peak(1500) + 100_000
