"""The page as text: what is escaped, what the policy allows, what the script is given."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html import unescape

import jinja2
import pytest

from opiscli.report.html.document import page
from opiscli.report.html.explorer import explorer_table
from opiscli.report.html.report import report_page
from opiscli.report.html.templates import render
from opiscli.results import ReportWarning
from opiscli.results.headlines import entries
from opiscli.results.text import distance, printable, score, similarity


@pytest.fixture(scope="module")
def html(runs, results):
    return report_page(runs[0], results["evaluate"])


def inside(html, tag, attributes=""):
    return re.search(f"<{tag}{attributes}>(.*?)</{tag}>", html, re.DOTALL)[1]


def test_the_policy_names_exactly_the_style_and_the_script_inside(html):
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    for directive, tag in (("script-src", "script"), ("style-src", "style")):
        digest = hashlib.sha256(inside(html, tag).encode()).digest()
        assert f"{directive} 'sha256-{base64.b64encode(digest).decode()}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert html.endswith("</html>\n")


def test_the_payload_is_json_that_cannot_leave_its_element(html, runs):
    payload = inside(html, "script", ' type="application/json" id="data"')
    assert "<" not in payload
    names = json.loads(payload)["names"]
    assert names == [printable(name) for name in runs[0].counted.names]
    assert any(name.startswith("<script>") for name in names)


def test_every_headline_number_has_a_card(html, results):
    found = dict(
        re.findall(r'<dt>([^<]*)</dt><dd class="value">([^<]*)</dd><dd class="note">', html)
    )
    for entry in entries(results["evaluate"]):
        if entry.higher_is_better is not None:
            assert found[entry.title] == entry.text


def test_the_page_explains_its_terms(html, results):
    terms = dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd></div>", html))
    for term in (
        "Similarity, distance", "FAR", "TAR, FRR", "Class score", "OPIS, √OPIS", "ε-OPIS", "R@1",
        "95 % confidence interval (CI)",
    ):  # fmt: skip
        assert terms[term]
    assert "0 means equal, not good" in terms["OPIS, √OPIS"]
    assert score(results["evaluate"].opis.value ** 0.5) in terms["OPIS, √OPIS"]
    assert "harmonic mean of TAR and 1 − FAR" in terms["Class score"]


def test_warnings_stand_above_all_numbers(runs, results):
    warnings = (ReportWarning("a", "few <b>classes</b>"), ReportWarning("b", "the range is narrow"))
    of = replace(results["evaluate"], warnings=warnings)
    html = page("name", of, explorer_table(runs[0], of), [])
    above = html[html.index("<main>") : html.index('<dl class="cards">')]
    assert "2 warnings" in above
    assert [unescape(text) for text in re.findall("<li>(.*?)</li>", above)] == [
        warning.message for warning in warnings
    ]


def test_thresholds_of_the_explorer_are_written_as_by_the_command(html, runs, results):
    payload = json.loads(inside(html, "script", ' type="application/json" id="data"'))
    thresholds = explorer_table(runs[0], results["evaluate"]).thresholds
    assert payload["distances"] == [distance(t) for t in thresholds]
    assert payload["similarities"] == [similarity(1 - t * t / 2) for t in thresholds]


def test_texts_are_escaped_and_invisible_characters_spelled_out(html):
    assert "<title>opis: &lt;b&gt;before</title>" in html
    for hidden in ("\x1b", "\u202e"):
        assert hidden not in html
    labels = unescape(html)
    assert "{{ 7 * 7 }}" in labels
    assert "&amp;49" not in labels


def test_a_template_with_a_name_that_is_not_given_fails():
    with pytest.raises(jinja2.UndefinedError):
        render("notebook.html", name="x")
