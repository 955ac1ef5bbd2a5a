"""The map in a browser: what a person sees, points at, types and taps; and what the page must not do."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from inquest.report.map_page import map_page

PAGES = Path(__file__).parents[2] / "report" / "pages"
HOSTILE = (
    "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'><b>bold</b> & so on"
)
CLASSES = ["bad", "good"]


def points():
    """A grid of 4 × 3 texts 100 apart; the first three are wrong. The second projection is its mirror."""
    n = 12
    table = pd.DataFrame(
        {
            "row": range(n),
            "id": [f"e-{i:03d}" for i in range(n)],
            "text": [HOSTILE if i == 1 else f"Text number {i}" + " is not funny" * (i % 2) for i in range(n)],
            "gold": [CLASSES[i % 2] for i in range(n)],
            "confidence": [0.99 - i / 100 for i in range(n)],
            "wrong": [i < 3 for i in range(n)],
            "llm": ["good" if i < 3 else None for i in range(n)],
            "error_type": ["irony" if i == 0 else None for i in range(n)],
            "x:pca": [100.0 * (i % 4) for i in range(n)],
            "y:pca": [100.0 * (i // 4) for i in range(n)],
        }
    )
    table["predicted"] = np.where(
        table["wrong"], table["gold"].map({"bad": "good", "good": "bad"}), table["gold"]
    )
    return table.assign(**{"x:tsne-3": -table["x:pca"], "y:tsne-3": table["y:pca"]})


FACTS = {
    "texts": 12, "errors": 3, "correct": 9, "says": "Errors lie apart.",
    "methods": [
        {"name": "pca", "title": "PCA", "method": "pca", "trustworthiness": 0.9, "shown": True},
        {"name": "tsne-3", "title": "t-SNE, 3", "method": "tsne", "trustworthiness": 0.8, "shown": False},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("map") / "error-map.html"
    path.write_text(map_page(points(), CLASSES, FACTS, "The map", PAGES), encoding="utf-8")
    return path


@pytest.fixture
def opened(browser, file):
    """Open the page as some device has it; at the end nothing may have been complained of or asked for."""
    contexts, complaints, asked = [], [], []

    def open_page(**device):
        context = browser.new_context(**{"viewport": {"width": 1200, "height": 900}, **device})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        return page

    yield open_page
    addresses = [url for url in asked if not url.startswith(("data:font/", file.as_uri()))]
    for context in contexts:
        context.close()
    assert complaints == [] and addresses == []


def middle(page, i):
    """Where a dot is, once it has come to rest."""
    dot = page.locator(f'#dots path[data-id="e-{i:03d}"]')
    dot.evaluate("dot => Promise.all(dot.getAnimations().map(one => one.finished))")
    box = dot.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def shown(page):
    """The ids of the dots that no filter has faded."""
    return set(page.eval_on_selector_all("#dots path:not(.off)", "dots => dots.map(dot => dot.dataset.id)"))


def test_pointing_at_a_dot_shows_its_text_labels_and_confidence(opened):
    page = opened()
    assert not page.get_by_text("The map needs JavaScript").is_visible()
    assert page.title() == "The map" and page.locator("#dots path").count() == 12
    page.mouse.move(*middle(page, 0))
    detail = page.locator("#detail")
    assert detail.locator(".text").inner_text() == "Text number 0"
    said = dict(
        zip(detail.locator("dt").all_inner_texts(), detail.locator("dd").all_inner_texts(), strict=True)
    )
    assert said == {
        "Gold": "bad", "Predicted": "good", "Confidence": "99.0%", "LLM": "good", "Error type": "irony",
    }  # fmt: skip
    assert detail.locator(".verdict").inner_text() == "Wrong · e-000"
    page.mouse.move(*middle(page, 7))
    assert detail.locator(".text").inner_text() == "Text number 7 is not funny"
    assert detail.locator("dt").all_inner_texts() == ["Gold", "Predicted", "Confidence"]


def test_the_nearest_dot_within_12_pixels_is_meant_and_a_click_keeps_it(opened):
    page = opened()
    x, y = middle(page, 5)
    text = page.locator("#detail .text")
    page.mouse.move(x + 11, y)
    assert text.inner_text().startswith("Text number 5")
    x, y = middle(page, 6)
    page.mouse.move(x - 14, y)
    assert text.inner_text().startswith("Text number 5")  # too far from 6
    page.mouse.click(x - 8, y)
    page.mouse.move(*middle(page, 9))
    assert text.inner_text().startswith("Text number 6")
    page.mouse.click(x + 40, y + 40)
    assert page.locator("#detail .empty").is_visible()


def test_a_hostile_text_is_shown_as_it_is_and_runs_nothing(opened):
    page = opened()
    page.mouse.move(*middle(page, 1))
    assert page.locator("#detail .text").inner_text() == HOSTILE
    assert HOSTILE in page.locator("#list tbody").inner_text()
    assert page.evaluate("window.hacked") is None
    assert page.locator("#detail b").all_inner_texts() == ["Wrong"] and page.locator("img").count() == 0


def test_an_injected_script_would_not_run(browser, file):
    """The policy is the second wall: what came into the page in another way runs not either."""
    page = browser.new_page()
    page.goto(file.as_uri())
    page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.hacked = 3';"
        " document.body.append(s);"
        " document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.hacked = 4\">') }"
    )
    page.wait_for_timeout(100)
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')") == "refused"
    page.close()


def test_filters_and_search_change_what_is_visible_on_the_map_and_in_the_list(opened):
    page = opened()
    every = {f"e-{i:03d}" for i in range(12)}
    assert shown(page) == every and page.locator("#list tbody tr:visible").count() == 3
    assert page.locator("#count").inner_text() == "12 of 12 texts shown, 3 of them errors"
    page.select_option("#which", "wrong")
    assert shown(page) == {"e-000", "e-001", "e-002"}
    page.select_option("#which", "right")
    assert shown(page) == every - {"e-000", "e-001", "e-002"}
    assert page.locator("#list tbody tr:visible").count() == 0
    page.select_option("#which", "all")
    page.get_by_label("good").uncheck()
    assert shown(page) == {f"e-{i:03d}" for i in range(0, 12, 2)}
    assert page.locator("#count").inner_text() == "6 of 12 texts shown, 2 of them errors"
    page.get_by_label("good").check()
    page.get_by_label("Words in the text").fill("FUNNY not 7")
    assert shown(page) == {"e-007"}
    page.mouse.move(*middle(page, 6))
    assert page.locator("#detail .empty").is_visible()  # a faded dot can't be chosen


def test_the_keyboard_goes_over_the_map(opened):
    page = opened()
    page.get_by_label("good").focus()
    page.keyboard.press("Tab")
    verdict = page.locator("#detail .verdict")
    assert page.evaluate("document.activeElement.id") == "map" and verdict.inner_text().endswith("e-000")
    for key, i in [
        ("ArrowRight", 1), ("ArrowUp", 5), ("ArrowRight", 6), ("ArrowDown", 2), ("ArrowLeft", 1),
        ("PageDown", 2), ("PageUp", 1), ("End", 11), ("Home", 0),
    ]:  # fmt: skip
        page.keyboard.press(key)
        assert verdict.inner_text().endswith(f"e-{i:03d}"), key
    page.keyboard.press("Enter")
    page.mouse.move(*middle(page, 9))
    assert verdict.inner_text().endswith("e-000")
    page.keyboard.press("Escape")
    assert page.locator("#detail .empty").is_visible()


def test_another_projection_moves_the_dots(opened):
    page = opened()
    before = [middle(page, i) for i in range(12)]
    page.select_option("#projection", "tsne-3")
    after = [middle(page, i) for i in range(12)]
    for i in range(12):  # mirrored: each goes where its counterpart was
        there = before[4 * (i // 4) + 3 - i % 4]
        assert after[i] == pytest.approx(there, abs=1.5) and abs(after[i][0] - before[i][0]) > 20
    page.mouse.move(*after[3])
    assert page.locator("#detail .verdict").inner_text() == "Right · e-003"


def test_an_error_in_the_list_leads_to_the_map(opened):
    page = opened()
    page.get_by_role("link", name="e-002").click()
    assert page.locator("#detail .verdict").inner_text() == "Wrong · e-002"
    assert page.evaluate("document.activeElement.id") == "map"
    ring, (x, y) = page.locator("#ring").bounding_box(), middle(page, 2)
    assert ring["x"] < x < ring["x"] + ring["width"] and ring["y"] < y < ring["y"] + ring["height"]


def test_on_a_phone_a_tap_chooses_and_nothing_is_wider_than_the_screen(opened):
    page = opened(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page.locator("#map").scroll_into_view_if_needed()
    page.touchscreen.tap(*middle(page, 2))
    assert page.locator("#detail .verdict").inner_text() == "Wrong · e-002"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    detail, map_ = page.locator("#detail").bounding_box(), page.locator("#map").bounding_box()
    assert detail["y"] >= map_["y"] + map_["height"]


def test_without_javascript_the_errors_are_listed(browser, file):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.locator("#list tbody tr").count() == 3 and HOSTILE in page.locator("#list").inner_text()
    assert page.get_by_text("The map needs JavaScript").is_visible()
    assert not page.locator("#explorer").is_visible()
    context.close()


CONTRAST = """() => {
  const light = colour => {
    const [r, g, b] = colour.match(/[0-9.]+/g).slice(0, 3).map(c => c / 255)
      .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return [...document.querySelectorAll("p, label, legend, dt, dd, td, th, a, h1, h2, option, b")]
    .filter(one => one.textContent.trim())
    .map(one => [one.textContent.slice(0, 30), 1.05 / (light(getComputedStyle(one).color) + 0.05)])
    .filter(([, ratio]) => ratio < 4.5);
}"""


def test_names_contrast_and_order_are_there_for_who_can_not_see_the_map(opened):
    page = opened()
    page.mouse.move(*middle(page, 0))
    assert page.evaluate(CONTRAST) == []  # on white; 4.5 is level AA of WCAG 2.2
    assert page.evaluate("document.documentElement.lang") == "en"
    for control in page.locator("select, input").all():
        assert control.evaluate("one => one.labels[0].textContent.trim()")
    assert page.evaluate("[...document.querySelectorAll('[id]')].length") == page.evaluate(
        "new Set([...document.querySelectorAll('[id]')].map(one => one.id)).size"
    )
    for name in page.eval_on_selector_all(
        "[aria-labelledby], [aria-describedby]",
        "all => all.map(one => one.getAttribute('aria-labelledby') || one.getAttribute('aria-describedby'))",
    ):
        assert page.locator(f"#{name}").count() == 1
    assert page.locator("#map").get_attribute("aria-label") == "Map of 12 texts"


def test_no_barrier_that_a_checker_finds(file, barriers):
    assert barriers(file) == {}
