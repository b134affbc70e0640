"""The page in a browser without a network: sorted, filtered, chosen on the map and printed; without axe's violations.

`.ci/run browser` runs it, where Debian's Chromium can be installed.
"""

import shutil
from types import SimpleNamespace

import pytest
from pages import TRUTHS, compared

import flowsim as fs
from flowsim.api import load_policy
from flowsim.report import assembly
from flowsim.report.assembly import assemble, render
from flowsim.report.origins import chosen
from flowsim.results import files
from flowsim.results.folders import RUN

CHROMIUM = shutil.which("chromium")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed; .ci/run browser does it")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    """Page of a run with a map and of a comparison."""
    folder, world = tmp_path_factory.mktemp("page"), fs.load_world("kazakhstan_2010")
    results = fs.simulate(world, replications=2, traffic_years=0.02, workers=1, calibration="prior")
    files.save(results, folder / "run" / RUN)
    compared(folder / "pair", title=world.title)
    request = SimpleNamespace(world=world, policies=(load_policy("baseline"),), worlds=None, catalogue=tuple)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assembly, "request_behind", lambda attributes: request)
        found = assemble(chosen([str(folder / "run"), str(folder / "pair")]))
    file = folder / "index.html"
    file.write_text(render(found), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(params=[360, 800, 1400])
def page(browser, page_file, request):
    """The page at a width, offline; what its console says is an error."""
    size = {"width": request.param, "height": 900}
    context = browser.new_context(viewport=size, offline=True, reduced_motion="reduce", locale="en-GB")
    found, said = context.new_page(), []
    found.on("console", lambda message: said.append(message.text))
    found.on("pageerror", lambda error: said.append(str(error)))
    found.on("request", lambda asked: said.append(asked.url) if not asked.url.startswith(("file:", "data:")) else None)
    found.goto(page_file.as_uri())
    yield found
    assert said == []
    context.close()


def test_nothing_is_wider_than_the_screen_and_axe_finds_nothing(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    for _ in range(2):  # in each language
        found = axe.Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        page.click("#language")


def shown(page):
    return page.eval_on_selector_all(
        "#policies tbody tr:not([hidden])", "rows => rows.map(r => r.cells[0].dataset.value)"
    )


def test_the_table_is_sorted_and_filtered(page):
    assert shown(page) == sorted(TRUTHS)
    head = page.locator("#policies thead button").nth(1)
    head.click()
    assert shown(page) == ["worse", "neither", "better"]
    head.focus()
    page.keyboard.press("Enter")
    assert shown(page) == ["better", "neither", "worse"]
    page.fill("#filter", "wor")
    assert shown(page) == ["worse"]
    assert page.inner_text("#shown") == "1"


def test_the_map_tells_its_numbers_by_mouse_and_by_keyboard(page):
    page.locator("#drawing .spot[tabindex]").first.focus()
    page.keyboard.press("Enter")
    label = page.evaluate("document.activeElement.dataset.label")
    assert page.inner_text("#chosen h3") == label
    assert page.locator("#chosen tbody tr").count() > 0
    page.locator("#drawing .exit").first.dispatch_event("click")
    assert "kg leave in a mean year" in page.inner_text("#chosen")
    before = page.get_attribute("#drawing", "viewBox")
    page.click("[data-zoom=in]")
    assert page.get_attribute("#drawing", "viewBox") != before
    page.click("[data-zoom=whole]")
    assert page.get_attribute("#drawing", "viewBox") == before


def test_the_week_is_played_and_moved_by_keyboard(page):
    page.focus("#hour")
    for _ in range(60):
        page.keyboard.press("ArrowRight")
    assert page.inner_text("#clock").endswith("07-02 06:00")
    page.click("#play")
    page.wait_for_timeout(1000)
    page.click("#play")
    assert page.inner_text("#clock") > "2010-07-02 06:00"
    assert page.get_attribute("#play", "aria-pressed") == "false"
    assert page.locator("#moving circle[visibility=visible]").count() > 0


def test_it_speaks_russian(page):
    assert "Ответ" not in page.inner_text("body")
    page.click("#language")
    assert page.evaluate("document.documentElement.lang") == "ru"
    assert "Ответ" in page.inner_text("#answer")
    assert "Answer" not in page.inner_text("#answer")


def test_it_prints_on_few_sheets(page, tmp_path):
    file = tmp_path / "page.pdf"
    page.pdf(path=file, format="A4")
    assert file.read_bytes().count(b"/Type /Page\n") in range(2, 25)
