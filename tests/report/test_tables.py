"""Tables: what stands in a cell and in a head."""

import math
import re

import pandas as pd
import pytest
from markupsafe import Markup

from inquest.errors import InquestError
from inquest.report.tables import Column, columns_of, table_html

FRAME = pd.DataFrame(
    {
        "row": [1240, 7],
        "name": ["<b>old</b>", None],
        "value": [-0.00125, math.nan],
        "low": [-0.002, math.nan],
        "high": [0.0001, math.nan],
        "share": [0.1234, 1.0],
        "fit_time": [0.42, 200.0],
        "exact": [True, False],
    }
)


def cells(*columns) -> list[list[str]]:
    html = table_html(FRAME, columns_of(FRAME, columns), Markup("caption"))
    rows = re.findall(r"<tr>(.*?)</tr>", html.split("<tbody>")[1])
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]


def test_formats():
    options = [
        ("row", "int"), ("row", "id"), ("name", "text"), ("name", "code"), ("value", "float"),
        ("value", "signed"), ("share", "percent"), ("fit_time", "seconds"), ("exact", "text"),
    ]  # fmt: skip
    first, second = cells(*({"key": key, "format": format} for key, format in options))
    assert first == [
        "1,240", "1240", "&lt;b&gt;old&lt;/b&gt;", '<code class="keep">&lt;b&gt;old&lt;/b&gt;</code>',
        "−0.001", "−0.001", "12.3", "0.42\u00a0s", "yes",
    ]  # fmt: skip
    assert second == ["7", "7", "–", "–", "–", "–", "100.0", "3\u00a0min 20\u00a0s", "no"]


def test_bounds_stand_behind_the_number_with_its_digits():
    column = {"key": "value", "format": "signed", "digits": 4, "low": "low", "high": "high"}
    first, second = cells(column, {"format": "interval", "low": "low", "high": "high", "digits": 4})
    assert first == ['−0.0013 <span class="bounds">[−0.0020, +0.0001]</span>', "−0.0020 to 0.0001"]
    assert second == ["–", "–"]


def test_head_has_units_and_numbers_are_on_the_right():
    columns = columns_of(
        FRAME, [Column("fit_time", unit="s", format="float"), {"key": "share", "format": "percent"}]
    )
    html = table_html(FRAME, [*columns, Column("name", "Who & what")], Markup("<b>caption</b>"))
    assert '<th scope="col" class="right">fit time <span class="unit">(s)</span></th>' in html
    assert '<th scope="col" class="right">share <span class="unit">(%)</span></th>' in html
    assert '<th scope="col" class="left">Who &amp; what</th>' in html
    assert "<caption><b>caption</b></caption>" in html


def test_without_columns_every_column_has_its_natural_format():
    formats = {column.key: column.format for column in columns_of(FRAME, None)}
    assert formats["row"] == "int" and formats["value"] == "float"
    assert formats["name"] == "text" and formats["exact"] == "text"


def test_an_empty_table_says_so():
    html = table_html(FRAME.head(0), columns_of(FRAME, ["row", "name"]), Markup("c"))
    assert '<td colspan="2" class="left">none</td>' in html


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ({"key": "valeu"}, "no column 'valeu' (did you mean `value`?)"),
        ({"key": "value", "low": "lowest", "high": "high"}, "no column 'lowest' (did you mean `low`?)"),
        ({"key": "value", "digit": 3}, "unknown option 'digit' (did you mean `digits`?)"),
        ({"key": "value", "format": "floats"}, "unknown format 'floats' (did you mean `float`?)"),
    ],
)
def test_mistakes_are_told_with_the_nearest_word(column, message):
    with pytest.raises(InquestError) as error:
        columns_of(FRAME, [column])
    assert message in str(error.value)


def test_numbers_in_units_of_a_power_of_ten_say_so_in_the_head():
    frame = pd.DataFrame(
        {"a": [0.00038, -0.000021, None], "low": [0.00004, 0.0, 0.0], "high": [0.0007, 0.0, 0.0]}
    )
    column = Column("a", format="signed", digits=1, power=-4, low="low", high="high")
    assert column.head == 'a <span class="unit">(×10⁻⁴)</span>'
    cells = [column.cell(row) for row in frame.to_dict("records")]
    assert cells[0] == '+3.8 <span class="bounds">[+0.4, +7.0]</span>'
    assert cells[1].startswith("−0.2 ") and cells[2].startswith("– ")
    assert Column("a", unit="s", power=3).head == 'a <span class="unit">(×10³ s)</span>'
    bounds = Column(format="interval", digits=1, power=-4, low="low", high="high", header="x")
    assert bounds.cell(frame.iloc[0].to_dict()) == "0.4 to 7.0"
