"""The report in a real browser: no request, no console message, the command's own numbers."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import SAMPLE, clusters

from opiscli.analysis.evaluate import derive
from opiscli.analysis.inputs import Source, Work
from opiscli.analysis.questions import count
from opiscli.metrics.rates import false_accept_rate, false_reject_rate, pooled_far
from opiscli.metrics.utility import utility
from opiscli.report.html.explorer import explorer_table
from opiscli.results.text import distance, printable, rate, score, similarity
from opiscli.settings.resources import Resources

HOSTILE = [
    "<script>alert(1)</script>", "$\\frac{", "</script><script>document.title=1</script>",
    "<img src=x onerror=alert(1)>", "'\"&amp;", "${title}", "\u202etxt", "__proto__", "<!--",
    "\u2028", "]]>", "constructor",
]  # fmt: skip


@pytest.fixture
def visit(browser):
    """Open a page with the network cut; afterwards nothing may have been asked for or said."""
    said, asked = [], []
    context = browser.new_context(offline=True, viewport={"width": 1000, "height": 900})
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))

    def open_page(path):
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready=yes]", state="attached")
        return page

    yield open_page
    context.close()
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == asked[:1]


def drag(page, position):
    """Move the slider as a person's drag would."""
    page.locator("#threshold").evaluate(
        "(slider, to) => { slider.value = to; slider.dispatchEvent(new Event('input')); }", position
    )


def typed(page, name):
    """What a number field holds, with the minus sign of texts."""
    return page.locator(f"#{name}").input_value().replace("-", "\u2212")


def shown(page, name):
    return page.locator(f"#{name}").text_content()


def cells(page, table):
    return page.locator(f"#{table} tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )


def report(opis, source, path, *options):
    assert opis("report", source, "-o", path, "--quiet", *options) == (0, f"{path}\n", "")
    return path


def counted(source):
    run = count(Source(str(source)), {}, Work(Resources.of_machine()))
    return run, derive(run)


def require_same_numbers(page, opis, source, n_positions):
    """Compare the explorer with ``opis calibrate --threshold`` on the same source."""
    run, evaluation = counted(source)
    thresholds = explorer_table(run, evaluation).thresholds
    positions = np.linspace(0, len(thresholds) - 1, n_positions).round().astype(int).tolist()
    asked = [word for p in positions for word in ("--threshold", repr(float(thresholds[p])))]
    code, out, _ = opis("calibrate", source, *asked, "--json", "--quiet")
    assert code == 0
    points = json.loads(out)["operating_points"]
    for position, point in zip(positions, points, strict=True):
        drag(page, position)
        far, frr = point["far"], point["frr"]
        assert point["threshold"] == thresholds[position]
        units = similarity(point["similarity"]), distance(point["threshold"])
        assert shown(page, "threshold-text") == "similarity ≥ {}, distance ≤ {}".format(*units)
        assert (typed(page, "similarity"), typed(page, "distance")) == units
        assert shown(page, "far") == rate(far["value"])
        assert shown(page, "far-counts") == f"{far['k']:,} / {far['n']:,}"
        assert shown(page, "tar") == rate(point["tar"])
        assert shown(page, "tar-counts") == f"{frr['n'] - frr['k']:,} / {frr['n']:,}"
        assert shown(page, "macro-far") == rate(point["macro_far"])
        assert shown(page, "worst-far") == rate(point["worst_far"]["value"])
        assert shown(page, "worst-far-label") == printable(point["worst_far"]["label"])
        assert shown(page, "worst-frr") == rate(point["worst_frr"]["value"])
        assert shown(page, "worst-frr-label") == printable(point["worst_frr"]["label"])
        for name in ("worst_far", "worst_frr"):
            n = point[name]["n_tied"]
            tied = f"one of {n:,} classes with this rate" if n > 1 else ""
            assert shown(page, f"{name.replace('_', '-')}-tied") == tied
        assert shown(page, "out") == rate(point["share_above_limit"])
        assert shown(page, "out-counts").startswith(f"{point['n_above_limit']:,} / ")
        require_lowest_scores(page, run, run.counted.at(thresholds[[position]]))


def require_lowest_scores(page, run, counts):
    paired = counts.of_classes(counts.class_sizes > 1)
    names = [n for n, size in zip(run.counted.names, counts.class_sizes, strict=True) if size > 1]
    far, frr = false_accept_rate(paired)[:, 0], false_reject_rate(paired)[:, 0]
    useful = utility(paired, run.settings.utility, run.settings.beta)[:, 0]
    rows = cells(page, "lowest")
    assert [row[4] for row in rows] == [score(u) for u in np.sort(useful)[: len(rows)]]
    for name, items, *rates, out in rows:
        i = [printable(n) for n in names].index(name)
        assert items == f"{paired.class_sizes[i]:,}"
        assert rates == [rate(far[i]), rate(frr[i]), score(useful[i])]
        assert (out == "yes") == (far[i] > 2 * pooled_far(counts)[0])


def test_the_explorer_says_what_the_command_says(visit, opis, tmp_path):
    source = SAMPLE / "wordnet.parquet"
    page = visit(report(opis, source, tmp_path / "wordnet.html"))
    require_same_numbers(page, opis, source, 10)
    for point in counted(source)[1].operating_points:
        page.get_by_role("button", name=f"FAR ≤ {point.target_far:g}", exact=True).click()
        assert shown(page, "far-counts") == f"{point.far.k:,} / {point.far.n:,}"


def test_the_threshold_moves_by_keyboard(visit, opis, tmp_path):
    page = visit(report(opis, SAMPLE / "wordnet.parquet", tmp_path / "wordnet.html"))
    slider = page.get_by_label("Threshold:")
    slider.focus()
    before = float(shown(page, "far"))
    page.keyboard.press("ArrowLeft")
    assert 0 < float(shown(page, "far")) < before
    assert slider.get_attribute("aria-valuetext").endswith(f"FAR {shown(page, 'far')}")


def test_both_number_fields_and_the_slider_are_one_threshold(visit, opis, tmp_path):
    page = visit(report(opis, SAMPLE / "wordnet.parquet", tmp_path / "wordnet.html"))
    run, of = counted(SAMPLE / "wordnet.parquet")
    thresholds = explorer_table(run, of).thresholds
    written = [(similarity(1 - t * t / 2), distance(t)) for t in thresholds]
    for position in (0, 60, 200, len(thresholds) - 1):
        for unit, name in enumerate(("similarity", "distance")):
            drag(page, 100)
            page.locator(f"#{name}").fill(written[position][unit])
            assert page.locator("#threshold").input_value() == str(position)
            assert (typed(page, "similarity"), typed(page, "distance")) == written[position]
            assert shown(page, "threshold-text").endswith(f"≤ {written[position][1]}")
    # Between two counted thresholds the stricter one counts, and is what the field shows then.
    page.locator("#similarity").fill("0.3")
    page.locator("#similarity").press("Enter")
    strictest = max(p for p, t in enumerate(thresholds) if 1 - t * t / 2 >= 0.3)
    assert page.locator("#threshold").input_value() == str(strictest)
    assert typed(page, "similarity") == written[strictest][0]
    page.locator("#distance").press("ArrowUp")
    assert typed(page, "similarity") == written[strictest + 1][0]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("similarity", "2", "Similarity is out of range"),
        ("similarity", "-0.9", "Similarity is out of range"),
        ("distance", "0.0001", "Distance is out of range"),
        ("distance", "1.99", "Distance is out of range"),
        ("distance", "", "Distance is not a number"),
    ],
)
def test_a_threshold_out_of_range_is_refused(visit, opis, tmp_path, name, value, says):
    page = visit(report(opis, SAMPLE / "wordnet.parquet", tmp_path / "wordnet.html"))
    before = shown(page, "threshold-text"), shown(page, "far")
    page.locator(f"#{name}").fill(value)
    page.locator(f"#{name}").press("Tab")
    assert page.locator("#refused").is_visible()
    assert shown(page, "refused").startswith(says)
    assert page.locator(f"#{name}").get_attribute("aria-invalid") == "true"
    assert (shown(page, "threshold-text"), shown(page, "far")) == before
    drag(page, 50)
    assert shown(page, "refused") == ""
    assert page.locator("[aria-invalid]").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone_and_tables_say_that_they_scroll(visit, opis, tmp_path, scheme):
    page = visit(report(opis, SAMPLE / "wordnet.parquet", tmp_path / "wordnet.html"))
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 844})
    width = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    assert page.evaluate(width) == [390, 390]
    table = page.locator(".scroll:has(#classes)")
    assert table.evaluate("box => box.scrollWidth > box.clientWidth")
    hint = "table => getComputedStyle(table.caption.firstChild, '::before').content"
    assert "scroll sideways" in page.locator("#classes").evaluate(hint)
    assert "gradient" in table.evaluate("box => getComputedStyle(box).backgroundImage")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.wait_for_selector(".scroll:has(#classes)[data-wide=no]")
    assert page.locator("#classes").evaluate(hint) == "none"
    assert page.evaluate(width) == [1280, 1280]


def test_the_table_is_sorted_and_filtered(visit, opis, tmp_path):
    page = visit(report(opis, SAMPLE / "wordnet.parquet", tmp_path / "wordnet.html"))
    assert len(cells(page, "classes")) == 50
    page.get_by_role("button", name="Show all").click()
    rows = cells(page, "classes")
    assert len(rows) == 120
    for column, title in enumerate(("class", "items", "FAR", "FRR", "class score")):
        heading = page.locator("#classes thead").get_by_role("button", name=title, exact=True)
        as_number = (lambda text: text.lower()) if column == 0 else float
        # Names begin with A, numbers with the largest.
        for order in ("ascending", "descending") if column == 0 else ("descending", "ascending"):
            heading.click()
            assert page.locator(f"#classes th[aria-sort={order}]").text_content() == title
            found = [row[column] for row in cells(page, "classes")]
            assert found == sorted(found, key=as_number, reverse=order == "descending")
    page.get_by_label("Show classes that contain").fill("SITUATION")
    found = cells(page, "classes")
    assert len(found) == len([row for row in rows if "situation" in row[0]]) > 0
    assert shown(page, "shown").startswith(f"{len(found)} of {len(found)} shown")


def test_hostile_names_are_shown_and_never_run(visit, opis, tmp_path):
    embeddings, labels = clusters(seed=2, n_classes=len(HOSTILE), sizes=(1, 12))
    source = tmp_path / "$title<b>&.parquet"
    names = np.array(HOSTILE, dtype=object)[labels]
    pq.write_table(pa.table({"embedding": pa.array(list(embeddings)), "label": names}), source)
    path = report(opis, source, tmp_path / "x.html", "--range", "0.5:1.2")
    page = visit(path)
    assert page.title() == "opis: $title<b>&"
    assert page.locator("h1").text_content() == "$title<b>&"
    sizes = np.bincount(labels)
    expected = {printable(name) for name, n in zip(HOSTILE, sizes, strict=True) if n > 1}
    assert {row[0] for row in cells(page, "classes")} == expected
    assert page.locator("main script, main [onerror], #classes img").count() == 0


def test_numbers_are_rounded_as_python_does(visit, opis, tmp_path):
    """Ties between two digits, rates of all magnitudes, and counts beyond 32 bits."""
    path = report(opis, SAMPLE / "wordnet.parquet", tmp_path / "wordnet.html")
    # The functions that write numbers, taken out of the page.
    script = path.read_text("utf-8").split("<script>")[1].split("</script>")[0]
    functions = script[script.index("function digits") : script.index("const element")]
    rng = np.random.default_rng(0)
    values = [0.0, 1.0, 0.15625, 0.09375, 0.03125, 0.5, 1e-5, 0.99996, 0.999949, 123456.0, 2.5e-7]
    values += rng.random(500).tolist() + (10 ** rng.uniform(-9, 5, 500)).tolist()
    values += (rng.integers(1, 64, 200) / 64).tolist()
    # Five decimals look like ties, but their binary values lie above or below the half.
    values += [*(rng.integers(1, 20_000, 500) / 20_000).tolist(), 0.12345, 0.99995]
    page = visit(path)
    written = page.evaluate(
        f"values => {{ {functions} return values.map(v => [fixed(v), general(v)]); }}", values
    )
    assert written == [[score(value), rate(value)] for value in values]


def test_the_policy_forbids_everything_else(browser, opis, tmp_path):
    path = report(opis, SAMPLE / "wordnet.parquet", tmp_path / "wordnet.html")
    html = path.read_text("utf-8")
    assert "default-src 'none'" in html
    assert "unsafe" not in html
    # A script that is not to the letter the page's own does not run, nor does a picture load.
    path.write_text(
        html.replace('"use strict";', '"use strict"; document.title = "run";').replace(
            "<main>", '<main><img id="spy" src="http://localhost:9/x.png" alt="">'
        ),
        "utf-8",
    )
    page = browser.new_page()
    said, refused = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("requestfailed", lambda request: refused.append((request.url, request.failure)))
    page.goto(path.as_uri())
    assert page.title() == "opis: wordnet"
    assert page.locator("#spy").evaluate("image => image.naturalWidth") == 0
    page.close()
    assert len([text for text in said if "Content Security Policy" in text]) == 2
    assert refused == [("http://localhost:9/x.png", "csp")]


def test_thousands_of_classes_fit(visit, opis, tmp_path):
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3000), 4)
    centres = rng.normal(size=(3000, 16))
    np.savez(
        tmp_path / "many.npz",
        embeddings=centres[labels] + 0.6 * rng.normal(size=(len(labels), 16)),
        labels=labels,
    )
    path = report(opis, tmp_path / "many.npz", tmp_path / "many.html")
    assert path.stat().st_size < 2_000_000
    page = visit(path)
    assert "3,000 classes in all" in shown(page, "shown")


@pytest.mark.parametrize("name", ["wordnet384", "digits64"])
def test_real_sets(visit, opis, tmp_path, shared_data, name):
    saved = tmp_path / f"{name}.opis"
    assert opis("evaluate", shared_data / f"{name}.parquet", "--save", saved, "--quiet")[0] == 0
    path = report(opis, saved, tmp_path / f"{name}.html")
    assert path.stat().st_size < 2_000_000
    require_same_numbers(visit(path), opis, saved, 10)
