"""The numbers in the README's prose are what opis prints or what the benchmarks measured.

A number that no claim below checks, and that defines nothing, fails the last test.
"""

import json
import math
import re

import pytest
from conftest import ROOT

import opiscli
from opiscli.training.losses import LOSSES

README = (ROOT / "README.md").read_text("utf-8")
PROSE = " ".join(re.sub(r"```.*?```", "", README, flags=re.DOTALL).split())
CODE_OR_LINK = re.compile(r"`[^`]*`|\]\([^)]*\)|R@1")
NUMBER = re.compile(r"(?<!\w)\d(?:[\d,]*\d)?(?:\.\d+)?(?:e-\d+)?")
WORDS = {"four": 4, "five": 5, "eleven": 11, "twelve": 12}
TAKE = r"(\d[\d.,e-]*(?<![.,])|[a-z]+)"  # a number, in digits or as a word

WORDNET = "sample_data/wordnet.parquet"
AT_FAR = {0.1: 0, 0.01: 1, 0.001: 2}


def about_the_report(run, _):
    result = run(f"evaluate {WORDNET}")
    point = result["operating_points"][AT_FAR[0.01]]
    opis = result["opis"]
    worst = 100 * (1 - point["worst_frr"]["value"])
    return 100 * point["target_far"], 100 * point["tar"], worst, opis["value"], opis["noise"]


def about_the_data(run, _):
    data = run(f"evaluate {WORDNET}")["data"]
    return data["n_items"], data["n_classes"]


def about_the_curves(run, _):
    result = run(f"evaluate {WORDNET}")
    return result["opis"]["n_classes"], result["eps_opis"]["n_worst"]


def about_the_binomial_interval(run, _):
    """How many times wider the interval is than the usual one of a proportion."""
    rates = [point["far"] for point in run(f"evaluate {WORDNET}")["operating_points"]]
    wider = [
        (rate["ci"][1] - rate["ci"][0])
        / (2 * 1.96 * math.sqrt(rate["value"] * (1 - rate["value"]) / rate["n"]))
        for rate in rates
    ]
    return min(wider), max(wider)


def about_the_coverage(_, measured):
    of_far = [row for row in measured("results/far_coverage") if row["rate"] != "frr"]
    usual, ours = ([100 * row[name] for row in of_far] for name in ("binomial", "held"))
    return math.floor(min(usual)), max(usual), min(ours), max(ours)


def about_own_thresholds(run, _):
    own = run(f"calibrate {WORDNET} --far 1e-3 --per-class")["own_thresholds"]
    return own["utility_at_own"] - own["utility_at_single"], own["optimism"]


def about_the_neighbours(run, _):
    signature = run(f"inspect {WORDNET}")["signature"]
    return [int(re.search(r"\|nn:(\d+)\|", signature)[1])]


def about_the_head(run, measured):
    """What it was trained for is in the study: the same command on the same classes."""
    row = measured("tcm_study/defaults", set="sample_wordnet", normalize=False, seed=0)
    n_classes = run(f"evaluate {WORDNET} --where split=test")["data"]["n_classes"]
    return n_classes, row["before"]["opis"], row["after"]["opis"]


def about_tcm(_, measured):
    rows = measured("tcm_study/results")["comparisons"]
    fewer, worst = change_between(rows, "base", "base + TCM")
    all_parts, _ = change_between(rows, "base", "base + TCM + PLDA + offsets")
    return len(rows), fewer, -100 * worst, all_parts


def change_between(rows, before, after):
    """In how many comparisons OPIS falls, and the lowest change of R@1."""
    change = {
        name: [mean(row["arms"][after], name) - mean(row["arms"][before], name) for row in rows]
        for name in ("opis", "recall")
    }
    return sum(value < 0 for value in change["opis"]), min(change["recall"])


def mean(runs, name):
    return sum(run[name] for run in runs) / len(runs)


def about_the_settings(_run, _measured):
    settings = opiscli.EvaluationSettings()
    return settings.calibration_range.lo, settings.calibration_range.hi, settings.n_thresholds


def about_the_bootstrap(_run, _measured):
    return [opiscli.EvaluationSettings().n_resamples]


def about_the_losses(_run, _measured):
    return [len(LOSSES)]


def about_the_index(run, _):
    points = run(f"evaluate {WORDNET} --index PQ48x4")["deployed"]["operating_points"]
    point = points[AT_FAR[0.001]]
    return point["target_far"], 100 * point["far"]["deployed"]


def about_the_speed(_, measured):
    row = measured("results/evaluate", "sets", set="glyphs128")
    assert row["opis_over"]["faiss_k2"] <= 1
    n_pairs = row["n_items"] * (row["n_items"] - 1) / 2
    seconds = row["seconds"]["opis"]
    return row["n_items"], row["dims"], n_pairs / 1e9, row["peak_mb"]["opis"], seconds


# What the README says, with its numbers taken out, and what they are.
CLAIMS = [
    (
        f"accepts {TAKE} % of different-class pairs, this model accepts {TAKE} % .*? it accepts"
        f" {TAKE} %. .*? variance .OPIS. of {TAKE}, of which {TAKE} is",
        about_the_report,
    ),
    (f"{TAKE} glosses of WordNet nouns in {TAKE} classes", about_the_data),
    (
        f"Class scores of {TAKE} classes over the threshold: .*? the worst {TAKE} far",
        about_the_curves,
    ),
    (f"on `sample_data` by a factor of {TAKE} to {TAKE}:", about_the_binomial_interval),
    (
        f"nine tenths in {TAKE} to {TAKE} % of draws, opis's interval in {TAKE} to {TAKE} %",
        about_the_coverage,
    ),
    (f"seem to gain {TAKE} of mean class score, of which {TAKE} is chance", about_own_thresholds),
    (f"items whose {TAKE} nearest neighbours", about_the_neighbours),
    (f"after on {TAKE} classes .*? OPIS falls from {TAKE} to {TAKE},", about_the_head),
    (
        f"over {TAKE} comparisons on larger sets TCM lowered OPIS in {TAKE}, .*? most {TAKE}"
        f" points; .*? OPIS fell in all {TAKE}",
        about_tcm,
    ),
    (f"from pooled FAR {TAKE} to {TAKE} .*?, {TAKE} of them", about_the_settings),
    (f"for a FAR of {TAKE} accepts {TAKE} % of the different-class", about_the_index),
    (
        f"{TAKE} × {TAKE} float16 .*?, {TAKE}·10⁹ pairs, take {TAKE} MB and {TAKE} s",
        about_the_speed,
    ),
    (f"`--loss`, {TAKE} to choose from", about_the_losses),
    (f"scale of {TAKE} bootstrap", about_the_bootstrap),
]

# Numbers that define or name something instead of measuring it.
DEFINITIONS = [
    "ICLR 2024", "Python 3.11", "more than 300 classes", "FAR 0.01:", "19795-1", "0 to 0.25",
    "95 %", "√(2−2*s*)", "or 1−*s*", "1 − FRR", "1 − TAR", "1 − FAR of one", "10%-OPIS", "ε = 0.1",
    "0 means *equal*", "(1 − FAR", "(0 at others)",
    *(f"| {code} |" for code in (0, 1, 2, 3, 4, 5, 6, 70, 129, 130, 143)),
]  # fmt: skip


@pytest.fixture(scope="module")
def answers():
    """What commands printed already."""
    return {}


@pytest.fixture
def run(opis, answers, monkeypatch):
    """What a command prints as JSON."""
    monkeypatch.chdir(ROOT)

    def printed(line):
        if line not in answers:
            answers[line] = json.loads(opis(*line.split(), "--json", "--quiet")[1])
        return answers[line]

    return printed


def measured(name, *keys, **row):
    """A file of results, a part of it, or the one row of it that has these values."""
    found = json.loads((ROOT / "benchmarks" / f"{name}.json").read_text("utf-8"))
    for key in keys:
        found = found[key]
    if not row:
        return found
    (only,) = (one for one in found if row.items() <= one.items())
    return only


@pytest.mark.parametrize(
    ("says", "values"), CLAIMS, ids=lambda given: getattr(given, "__name__", "")
)
def test_a_claim_is_true(run, says, values):
    claim = re.search(says, PROSE)
    assert claim, "the README says so no more: change the claim with it"
    for text, value in zip(claim.groups(), values(run, measured), strict=True):
        assert agrees(text, value), f"README: {text}, but it is {value}"


def agrees(text, value):
    """Whether a number is rounded to a text, give or take what another processor does to it."""
    if text in WORDS:
        return value == WORDS[text]
    number = float(text.replace(",", ""))
    digits = text.partition("e")[0].partition(".")[2]
    unit = number if "e" in text else 10.0 ** -len(digits)
    return abs(number - value) <= (0.01 if "e" in text else 0.55) * unit


def test_four_of_five_true_pairs_are_rejected_of_some_classes(run):
    assert "some classes reject four of five true pairs" in PROSE
    worst = run(f"evaluate {WORDNET}")["operating_points"][AT_FAR[0.01]]["worst_frr"]
    assert worst["value"] > 4 / 5


def test_every_number_is_claimed_or_defines_something():
    rest = PROSE
    for says, _ in CLAIMS:
        claim = re.search(says, rest)
        numbers = range(1, len(claim.groups()) + 1)
        for group in reversed(numbers):
            start, end = claim.span(group)
            rest = f"{rest[:start]}{'x' * (end - start)}{rest[end:]}"
    for definition in DEFINITIONS:
        rest = rest.replace(definition, "")
    rest = rest.replace("·10⁻⁵", "").replace("·10⁹", "")
    assert NUMBER.findall(CODE_OR_LINK.sub("", rest)) == []


@pytest.mark.parametrize(
    ("text", "value", "is_right"),
    [
        ("0.0255", 0.02549, True),
        ("0.026", 0.0249, False),
        ("67", 67.35, True),
        ("67", 68, False),
        ("1e-2", 0.01, True),
        ("1e-2", 0.012, False),
        ("1,000", 1000, True),
        ("eleven", 11, True),
        ("eleven", 12, False),
    ],
)
def test_a_wrong_number_is_seen(text, value, is_right):
    assert agrees(text, value) is is_right
