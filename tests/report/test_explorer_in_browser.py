"""The explorer in a browser, with 8,000 rows from the file system: sort, filter, select, save, open."""

import re

import pytest

from inquest.config.listed import listed_rows
from tests.report.explorer_study import CLASSES, HOSTILE, page

ROWS = 8000


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("explorer") / "explorer.html"
    path.write_text(page(ROWS), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """The page of a study that has no value, of few rows."""
    path = tmp_path_factory.mktemp("bare") / "explorer.html"
    path.write_text(page(7, values=False), encoding="utf-8")
    return path


@pytest.fixture
def opened(browser, file):
    """Open the page as some device has it; at the end nothing may have been complained of or asked for."""
    contexts, complaints, asked = [], [], []

    def open_page(path=file, **device):
        context = browser.new_context(**{"viewport": {"width": 1400, "height": 900}, **device})
        contexts.append(context)
        made = context.new_page()
        made.on("console", lambda message: complaints.append(message.text))
        made.on("pageerror", lambda error: complaints.append(str(error)))
        made.on("request", lambda request: asked.append(request.url))
        made.goto(path.as_uri())
        settled(made)
        return made

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith(("data:font/", "blob:", "file:"))] == []


def settled(made):
    """Wait until what was asked for is drawn."""
    made.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def ids(made):
    return [int(text) for text in made.locator("#body th").all_inner_texts()]


def state(made):
    found = re.fullmatch(
        r"([\d,]+) of ([\d,]+) rows shown, ([\d,]+) selected", made.locator("#count").inner_text()
    )
    return tuple(int(number.replace(",", "")) for number in found.groups())


def saved(made, tmp_path):
    with made.expect_download() as download:
        made.get_by_role("button", name="Save row ids (CSV)").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    return path


def drag(made, box, start, end, shift=False):
    """Drag over a plot, from one point to another, each in shares of its size."""
    made.locator(box).scroll_into_view_if_needed()
    edge = made.locator(box).bounding_box()
    if shift:
        made.keyboard.down("Shift")
    made.mouse.move(edge["x"] + start[0] * edge["width"], edge["y"] + start[1] * edge["height"])
    made.mouse.down()
    made.mouse.move(edge["x"] + end[0] * edge["width"], edge["y"] + end[1] * edge["height"], steps=3)
    made.mouse.up()
    if shift:
        made.keyboard.up("Shift")
    settled(made)


def test_every_row_is_in_the_table_a_page_at_a_time(opened):
    made = opened()
    assert state(made) == (ROWS, ROWS, 0) and not made.get_by_text("needs JavaScript").is_visible()
    assert ids(made) == [3 * i + 1 for i in range(25)]
    made.get_by_role("button", name="Last").click()
    assert ids(made)[-1] == 3 * (ROWS - 1) + 1 and made.locator("#page").inner_text() == "Page 320 of 320"
    assert made.get_by_role("button", name="Next").is_disabled()
    made.select_option("#size", "100")
    assert len(ids(made)) == 100
    made.get_by_role("button", name="Last").click()
    row = made.locator("#body tr").last.locator("td, th").all_inner_texts()
    assert row[1:4] == [str(3 * ROWS - 2), CLASSES[1], CLASSES[1]] and "800 ± 0" in row


def test_a_click_on_a_head_sorts_and_another_turns_it_round(opened):
    made = opened()
    head = made.locator("th", has=made.locator("[data-sort=shapley]"))
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending" and ids(made)[:3] == [1, 4, 7]
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending" and ids(made)[0] == 3 * (ROWS - 1) + 1
    assert made.evaluate("document.activeElement.dataset.sort") == "shapley"
    made.locator("[data-sort=loo]").click()
    made.get_by_role("button", name="Last").click()
    assert made.locator("#body tr").last.locator("td").nth(3).inner_text() == "–"  # missing values come last


def test_filters_by_label_flag_range_and_words_meet(opened):
    made = opened()
    made.get_by_label(CLASSES[0]).uncheck()
    assert state(made)[0] == ROWS - 2667
    made.get_by_label("twin").check()
    expected = [3 * i + 1 for i in range(ROWS) if i % 8 == 0 and i % 3]
    assert state(made)[0] == len(expected) and ids(made) == expected[:25]
    made.select_option("#ranged", label="weight")
    made.get_by_label("from", exact=True).fill("100")
    made.get_by_label("to", exact=True).fill("1,000")
    made.keyboard.press("Enter")
    expected = [row for row in expected if 100 <= (row - 1) // 3 <= 1000]
    assert state(made)[0] == len(expected)
    made.get_by_label("Words or a row’s number").fill("=1+1")
    assert ids(made) == [row for row in expected if (row - 1) // 3 % 3 == 1][:25]
    made.get_by_role("button", name="Remove the range of weight").click()
    made.get_by_role("button", name="Reset filters").click()
    assert state(made)[0] == ROWS
    made.get_by_label("from", exact=True).fill("ten")
    made.keyboard.press("Enter")
    assert made.locator("#from").get_attribute("aria-invalid") == "true" and state(made)[0] == ROWS


def test_a_selection_is_saved_as_a_file_that_a_group_reads(opened, tmp_path):
    made = opened()
    assert made.get_by_role("button", name="Save row ids (CSV)").is_disabled()
    made.get_by_label("Select row 10", exact=True).check()
    made.get_by_label("Select row 4", exact=True).check()
    path = saved(made, tmp_path)
    assert path.name == "rows.csv" and path.read_text() == "row\n4\n10\n"
    assert listed_rows(path, "influence.groups[0].file") == [4, 10]
    made.get_by_label("Select row 25", exact=True).click(modifiers=["Shift"])  # from the one before it on
    assert state(made)[2] == 8
    made.get_by_label("selected", exact=True).check()
    assert ids(made) == [4, 7, 10, 13, 16, 19, 22, 25]
    made.get_by_role("button", name="Clear selection").click()
    assert state(made) == (0, ROWS, 0) and made.get_by_text("No row passes the filters.").is_visible()


def test_all_rows_shown_are_selected_at_once(opened, tmp_path):
    made = opened()
    made.get_by_label("misclassified").check()
    made.get_by_role("button", name="Select all shown").click()
    assert state(made) == (2000, ROWS, 2000)
    assert listed_rows(saved(made, tmp_path), "file") == [3 * i + 1 for i in range(0, ROWS, 4)]


def test_a_drag_over_the_scatter_plot_selects_rows(opened, tmp_path):
    made = opened()
    for box in ("#across", "#up"):
        made.select_option(box, label="weight")
    made.get_by_label("stretch small values").uncheck()
    drag(made, "#scatter", (0.02, 0.02), (0.99, 0.5))
    upper = listed_rows(saved(made, tmp_path), "file")
    assert upper == [3 * i + 1 for i in range((upper[0] - 1) // 3, ROWS)]  # the upper half of a line
    assert 3500 < len(upper) < 5000 and ids(made)[0] == upper[0] - (upper[0] - 1) // 3 % 25 * 3
    drag(made, "#scatter", (0.02, 0.5), (0.99, 0.98), shift=True)
    assert state(made)[2] == ROWS - 1  # one row has no weight


def test_a_drag_over_the_histogram_selects_rows_and_the_keyboard_a_bar(opened, tmp_path):
    made = opened()
    made.select_option("#spread", label="weight")
    made.get_by_label("stretch small values").uncheck()
    drag(made, "#bars", (0.6, 0.3), (0.98, 0.6))
    chosen = listed_rows(saved(made, tmp_path), "file")
    assert chosen == [3 * i + 1 for i in range((chosen[0] - 1) // 3, ROWS)]
    made.locator("#bars").focus()
    for key in ("ArrowRight", "ArrowRight", "Enter"):
        made.keyboard.press(key)
        settled(made)
    assert state(made)[2] == 208  # a bar of 1 / 40 of the axis, which has 2 % to spare at each end
    assert made.locator("#told").inner_text() == "208 rows"


def test_a_row_opens_with_its_features_flags_and_neighbours(opened):
    made = opened()
    made.get_by_role("button", name="Open row 25", exact=True).click()
    detail = made.locator("#detail")
    text = detail.inner_text()
    assert "Row 25" in text and "grams" not in text and HOSTILE in text
    assert "misclassified: " in text and "twin: " in text
    buttons = detail.get_by_role("button").all_inner_texts()
    assert buttons == ["Add to the selection", "Close", "Row 28", "Row 31", "Row 34"]
    assert "1.24 away" in text or "1.23 away" in text
    detail.get_by_role("button", name="Row 34").click()
    assert detail.locator("h2").inner_text() == "Row 34"
    detail.get_by_role("button", name="Add to the selection").click()
    assert state(made)[2] == 1 and made.get_by_label("Select row 34", exact=True).is_checked()
    made.locator("#scatter").focus()
    made.keyboard.press("ArrowRight")
    assert re.match(r"Row \d+, LOO", made.locator("#told").inner_text())
    made.keyboard.press("Enter")
    assert detail.locator("h2").inner_text() != "Row 34"
    detail.get_by_role("button", name="Close").click()
    assert detail.inner_text().startswith("Open a row by its number") and state(made)[2] == 1


def test_a_hostile_name_runs_nothing_and_a_script_from_elsewhere_neither(opened, browser, file):
    made = opened()
    made.locator("#chooser summary").click()
    made.get_by_label(HOSTILE).check()
    assert HOSTILE in made.locator("#heads").inner_text() and HOSTILE in made.locator("#body").inner_text()
    assert made.evaluate("window.hacked") is None and made.locator("img").count() == 0
    other = browser.new_page()
    other.goto(file.as_uri())
    other.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.hacked = 3';"
        " document.body.append(s) }"
    )
    assert other.evaluate("window.hacked") is None
    assert other.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')") == "refused"
    other.close()


def test_on_a_phone_a_tap_opens_a_row_and_nothing_is_wider_than_the_screen(opened):
    made = opened(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    made.get_by_role("button", name="Open row 10", exact=True).tap()
    box = made.locator("#detail h2").bounding_box()  # in sight, and so is the row that was tapped
    assert made.locator("#detail h2").inner_text() == "Row 10" and 0 < box["y"] < 800
    assert 0 < made.get_by_role("button", name="Open row 10", exact=True).bounding_box()["y"] < box["y"]
    assert made.evaluate("document.documentElement.scrollWidth") <= 390
    made.locator("#bars").scroll_into_view_if_needed()
    made.locator("#bars").tap(position={"x": 200, "y": 100})
    settled(made)
    assert state(made)[2] > 0


def test_a_study_without_values_has_a_page_too(opened, bare):
    made = opened(bare)
    assert state(made) == (7, 7, 0)
    heads = made.locator("#heads th").all_inner_texts()
    assert [text.strip(" ▲") for text in heads] == [
        "Row",
        "Label",
        "Predicted",
        "Confidence (%)",
        "Loss",
        "Flags",
    ]
    assert made.locator("#up option:checked").inner_text() == "Loss"


def test_without_javascript_the_page_says_so(browser, bare):
    context = browser.new_context(java_script_enabled=False)
    made = context.new_page()
    made.goto(bare.as_uri())
    assert (
        made.get_by_text("The explorer needs JavaScript").is_visible()
        and not made.locator("main").is_visible()
    )
    context.close()


def test_no_barrier_that_a_checker_finds(file, bare, barriers):
    assert barriers(file) == barriers(bare) == {}
