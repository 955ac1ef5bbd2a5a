"""Row ids from a CSV file: what the explorer saves is read, and what is wrong is told with its line."""

import pytest

from inquest.config.listed import listed_rows
from inquest.errors import InquestError


def read(tmp_path, text):
    path = tmp_path / "rows.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return listed_rows(path, "influence.groups[0].file")


@pytest.mark.parametrize(
    "text",
    [
        "row\n3\n9\n20\n",
        "\ufeffrow\r\n3\r\n9\r\n\r\n20\r\n",
        'note;row\n"a; b";3\n;9\nc;20',
        "row\tlabel\n 3 \ta\n9\tb\n20\tc\n",
    ],
)
def test_ids_are_read_however_a_spreadsheet_saves_them(tmp_path, text):
    assert read(tmp_path, text) == [3, 9, 20]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("3\n9\n", "has no column `row` in its first line"),
        ("", "has no column `row` in its first line"),
        ("row\n", "lists no row"),
        ("row\n3\nx\n", "line 3: 'x' is no row id"),
        ("row\n-3\n", "line 2: '-3' is no row id"),
        ("row\n3.0\n", "line 2: '3.0' is no row id"),
        ("row\n٣\n", "line 2: '٣' is no row id"),
        ("a,row\n1,3\n2\n", "line 3: '' is no row id"),
        ("row\n3\n4\n3\n", "lines 2 and 4: 3 stands there twice"),
        (b"row\n\xff\n", "can't be read (it is no UTF-8 text)"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path, text, says):
    with pytest.raises(InquestError) as error:
        read(tmp_path, text)
    assert str(error.value).startswith("config key `influence.groups[0].file`: ") and says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(InquestError, match="can't be read"):
        listed_rows(tmp_path, "influence.groups[0].file")
