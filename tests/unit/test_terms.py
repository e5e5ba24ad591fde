"""opis says the same thing by the same standard term, everywhere.

`TERMS` lists what is not written, what to write instead, and where the rule applies. A sentence
that has to break a rule is listed in `ALLOWED` with its reason.
"""

import re
from typing import NamedTuple

import pytest
from user_texts import docstrings, documents, helps, messages, screens, templates

PLACES = {
    "documents": lambda: list(documents()),
    "help": lambda: [(place, text) for place, text, _ in helps()],
    "messages": lambda: list(messages()),
    "screens": lambda: [*screens(), *templates()],
    "docstrings": lambda: list(docstrings()),
}
EVERYWHERE = frozenset(PLACES)
THINGS = "class|item|row|line|file|pair|source|column|threshold|query|group|cell|number|unit"
COUNTED = (
    "class(?:es)?|items?|rows?|lines?|files?|columns?|numbers?|dots?|curves?|questions?"
    "|findings?|ideas?|bytes|seconds|cells|entry|entries|proxy|proxies|values?|points?|objects?|one"
)


class Term(NamedTuple):
    never: str  # a regular expression, upper and lower case alike
    say: str
    bad: str  # what it is to catch
    good: str  # what it is to let pass
    where: frozenset[str] = EVERYWHERE


TERMS = [
    Term(r"\bhardest\b(?! pairs)|most hurt|served worst|hit hardest|worst served",
         "the class with the highest FAR or FRR, or the lowest class score",
         "the class hit hardest", "the class with the highest FRR"),
    Term(r"\bworst\b(?![^.]*\bby\b)", "worst by what", "List the worst classes.",
         "List the worst classes by FAR.", frozenset({"help"})),
    Term(r"\bpairs of (?:two|one|different) class(?:es)?\b|\bpairs of (?:one|two)\b(?! \w)",
         "same-class pairs, different-class pairs",
         "distances of pairs of one class and of pairs of two", "same-class pairs"),
    Term(r"\b(?:held|holds?|holding)\b[^.;:]{0,60}\bagainst\b", "compared with",
         "hold the queries against a gallery", "compares queries with a gallery"),
    Term(r"F1 of TNR|F1 of specificity", "F1(1 − FAR, TAR)",
         "F1 of TNR, TPR, mean of classes", "mean of F1(1 − FAR, TAR)"),
    Term(rf"\b(?:{COUNTED}) an? (?:{THINGS})\b(?! (?:of|accepts|that|has)\b)", "per",
         "one dot a class", "one dot per class"),
    Term(r"errors of a kind", "false accepts, false rejects", "errors of a kind", "false accepts"),
    Term(r"of everything random|^Of \w+\.", "a noun: Random seed.", "Of everything random.",
         "Random seed."),
    Term(r"\bthresholds? (?:of |is |= ?|at )?[01]?\.\d", "the unit: similarity 0.62, distance 0.87",
         "a threshold of 0.45", "a threshold of similarity 0.62"),
    Term(r"\bbec(?:omes?|ame) of\b", "the metrics with ..., how it performs on ...",
         "what becomes of it behind an index", "the metrics through an index"),
    Term(r"\bwho pays\b|pays? (?:for|on)\b|at the price of|what .{0,20} costs? in",
         "which classes are affected", "who pays for the single threshold",
         "which classes a single threshold affects most"),
    Term(r"\bexpected as many|\bas many as make\b|\bso many\b", "the number: n, k, a given number",
         "at most so many of them", "at most n of them"),
    Term(r"\bcarr(?:y|ies|ied) (?:by few|the evidence|most|a part)\b",
         "dominate, contribute, contain", "a few classes carry the evidence",
         "a few classes dominate"),
    Term(r"\bstands? for\b", "represent, replace, is accepted as", "the file can stand for SOURCE",
         "the file is accepted as SOURCE"),
    Term(r"\bserv(?:es?|ed) (?:them|it|all|each|the classes|classes|new|a class)\b",
         "perform, work for", "how well a threshold serves each class",
         "how well a threshold works for each class"),
    Term(r"\btells? (?:of|how|what|how|the|if|whether|them|things)\b|\bto tell\b|\btold by\b",
         "indicates, says, distinguishes", "the sums that tell how items differ",
         "the sums that measure how items differ",
         EVERYWHERE - {"screens"}),
    Term(r"\bt(?:ell|ells|old|elling) .{0,30}\bapart\b", "separate, distinguish",
         "no threshold can tell them apart", "no threshold can separate them"),
    Term(r"\bc(?:a|o)me apart\b", "diverged", "training came apart", "training diverged"),
    Term(r"\bdoes? no harm\b|\bdo harm\b|\bflatter", "keeps, corrects for optimism",
         "what testing on the same pairs flatters", "the optimism of testing on the same pairs"),
    Term(r"\bless (?:the|a|its|one)\b|\btak(?:es?|en|ing) off\b", "minus, subtracted",
         "OPIS less the noise floor", "OPIS minus the noise floor"),
    Term(r"\bout of bounds\b.{0,10}\bclass|\bclass(?:es)? out of bounds",
         "classes with more than twice the overall FAR", "Classes out of bounds",
         "Classes with more than twice the overall FAR"),
    Term(r"\b\w+'s \w+(?: \w+)?'s\b|\b(?:of the \w+ ){3}", "no chain: two nouns, or a clause",
         "the threshold's class's rates", "the rates of the class"),
    Term(r"\bon a ruler\b", "on a grid with step", "on a ruler of 6·10⁻⁵", "on a grid with step"),
    Term(r"\b1 threads\b", "1 thread", "1 threads", "2 threads"),
    Term(r"\bhow (?:un)?equal\b", "disparity between", "How unequal are the groups?",
         "Disparity between groups"),
    Term(r"(?<!in)(?<!threshold )(?<!-)\bconsistency\b",
         "OPIS, differences between classes at one threshold", "a measure of consistency",
         "inconsistency of classes", EVERYWHERE - {"docstrings"}),
    Term(r"\b(?:is )?all chance\b|\bby chance alone\b", "not significant", "may be all chance",
         "not significant"),
    Term(r"\bof (?:its|their|your) own\b.{0,30}\bof (?:its|their|your) own\b", "per class",
         "a threshold of its own for a class of its own", "a threshold per class"),
]  # fmt: skip

# Sentences that may break a rule: part of the place, part of the text, and why.
ALLOWED: list[tuple[str, str, str]] = []

# A help text names a thing or says what the option does. These beginnings do neither.
NOUNLESS = re.compile(r"(?:Of|At most|For|Only|This|These|What|Who|Where|As many|No)\b|Default:")


def broken(term, texts):
    pattern = re.compile(term.never, re.IGNORECASE)
    for place, text in texts:
        flat = " ".join(text.split())
        for match in pattern.finditer(flat):
            around = flat[max(0, match.start() - 40) : match.end() + 40]
            if not any(spot in place and part in around for spot, part, _ in ALLOWED):
                yield f"{place}: …{around}… — say: {term.say}"


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.bad)
def test_a_rule_catches_what_it_is_for(term):
    assert list(broken(term, [("here", term.bad)]))
    assert not list(broken(term, [("here", term.good)]))


@pytest.mark.parametrize("kind", PLACES)
def test_the_standard_terms_are_used(kind):
    texts = PLACES[kind]()
    assert len(texts) > 5
    found = [line for term in TERMS if kind in term.where for line in broken(term, texts)]
    assert not found, "\n".join(found)


def test_every_exception_is_needed():
    texts = [(place, " ".join(text.split())) for kind in PLACES.values() for place, text in kind()]
    for spot, part, reason in ALLOWED:
        assert reason
        assert any(spot in place and part in text for place, text in texts), (spot, part)


def unhelpful(text):
    """Why a help text of an option is none; nothing if it is one."""
    if NOUNLESS.match(text):
        return "it begins with no noun and no verb"
    if not text.rstrip().endswith((".", "…")):
        return "it does not end with a period"
    return None


@pytest.mark.parametrize(
    "text", ["Of everything random.", "At most.", "Default: one per processor.", "A head"]
)
def test_a_help_text_can_fail(text):
    assert unhelpful(text)


def test_every_option_says_what_it_is_or_does():
    found = [(place, text) for place, text, is_option in helps() if is_option and unhelpful(text)]
    assert not found


def test_an_interval_is_a_confidence_interval_where_it_is_first_named():
    for place, text in documents():
        prose = " ".join(re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL).split())
        first = re.search(r".{0,30}\bintervals?\b", prose, re.IGNORECASE)
        assert not first or re.search("confidence", first[0], re.IGNORECASE), (place, first[0])
