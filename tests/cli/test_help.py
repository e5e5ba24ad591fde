"""Help is complete, can be copied, and old spellings of options go on working."""

import json
import re
import shlex
import subprocess
import sys

import pytest
from command_table import COMMANDS

from opiscli.cli.command import FORMER_NAMES, with_present_names
from opiscli.cli.commands import PANELS
from opiscli.settings.version import __version__


def test_the_list_of_commands_says_what_their_own_help_says_first():
    listed = {name: text for panel in PANELS.values() for name, text in panel.items()}
    assert listed == {name: one.help.split("\n\n")[0] for name, one in COMMANDS.items()}


def help_of(opis, monkeypatch, command, columns="100"):
    monkeypatch.setenv("COLUMNS", columns)
    code, out, err = opis(*command.split(), "--help")
    assert (code, err) == (0, "")
    return out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_two_examples_that_parse_and_a_link(opis, monkeypatch, command):
    out = help_of(opis, monkeypatch, command)
    examples = [line.strip() for line in out.split("Examples:")[1].splitlines() if "opis " in line]
    assert len(examples) == 2
    for example in examples:
        program, name, *words = shlex.split(example)
        assert (program, name) == ("opis", command)
        COMMANDS[command].make_context(command, words)
    assert "Documentation: https://" in out


@pytest.mark.parametrize("columns", ["80", "120"])
@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_no_types_and_breaks_no_word(opis, monkeypatch, command, columns):
    out = help_of(opis, monkeypatch, command, columns)
    assert not re.search(r"<(bool|str|int|float|list)", out)
    assert max(map(len, out.splitlines())) <= int(columns)
    options = [o for o in COMMANDS[command].params if o.param_type_name == "option" and o.help]
    for choices in (o.help.partition("One of: ")[2].strip(".") for o in options):
        for choice in filter(None, choices.split(", ")):
            assert re.search(rf"(?<![\w-]){re.escape(choice)}(?![\w-])", out), choice


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_a_sentence(command):
    for option in COMMANDS[command].params:
        assert re.match(r"[A-Z'-]|auto|fixed|euclid|opis:|pooled|frr|residual|identity|adam|contr",
                        option.help), option.name  # fmt: skip
        assert option.help.rstrip().endswith("."), option.help


def test_help_of_a_command_is_the_same_by_name(opis, monkeypatch):
    out = help_of(opis, monkeypatch, "calibrate")
    assert opis("help", "calibrate") == (0, out, "")
    assert opis("help")[1] == opis("--help")[1] == opis()[1]
    code, out, err = opis("help", "calibrat")
    assert (code, out) == (2, "")
    assert "no such command 'calibrat'" in err
    assert len(err.splitlines()) == 2


def test_the_version_has_a_short_option(opis):
    assert opis("-V") == opis("--version") == (0, f"opis {__version__}\n", "")


@pytest.mark.parametrize(
    ("former", "present"),
    [
        ("evaluate e.parquet --far 1e-2:1e-1", "evaluate e.parquet --far-range 1e-2:1e-1"),
        ("evaluate e.parquet --frr=0.1:0.2", "evaluate e.parquet --frr-range=0.1:0.2"),
        ("finetune e.parquet -o h --head mlp", "finetune e.parquet -o h --head-type mlp"),
        ("plot-pareto a.opis b.opis --pairs a:b", "plot-pareto a.opis b.opis --arrow a:b"),
    ],
)
def test_a_former_name_means_the_present_one(former, present):
    parsed = []
    for line in (former, present):
        name, *words = line.split()
        parsed.append(COMMANDS[name].make_context(name, words).params)
    assert parsed[0] == parsed[1]


@pytest.mark.parametrize("former", FORMER_NAMES)
def test_a_name_that_a_command_has_is_never_replaced(former):
    assert with_present_names([former], {former, FORMER_NAMES[former]}) == [former]
    assert with_present_names([former], set()) == [former]


def test_former_names_are_not_shown(opis, monkeypatch):
    assert "--far-range" in help_of(opis, monkeypatch, "evaluate")
    assert not re.search(
        r"--far(?!-range)", help_of(opis, monkeypatch, "evaluate").split("Exam")[0]
    )


def test_shells_can_complete_commands_and_options():
    done = subprocess.run(
        [sys.executable, "-c", "from opiscli.cli import main; main()"],
        env={"_OPIS_COMPLETE": "complete_bash", "COMP_WORDS": "opis evaluate --far", "COMP_CWORD": "2"},  # noqa: E501
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["--far-range"]


def test_a_range_is_still_given_by_its_former_name(opis, tmp_path):
    run = ("evaluate", "sample_data/wordnet.parquet", "--json")
    former = json.loads(opis(*run, "--far", "1e-2:5e-2")[1])
    present = json.loads(opis(*run, "--far-range", "1e-2:5e-2")[1])
    assert former == present


@pytest.mark.parametrize(
    ("percent", "fraction"),
    [
        ("calibrate {} --far 0.1%", "calibrate {} --far 1e-3"),
        ("calibrate {} --criterion EER", "calibrate {} --criterion eer"),
        ("calibrate {} --criterion FRR=5%", "calibrate {} --criterion frr=0.05"),
        ("calibrate {} --criterion tar --target 95%", "calibrate {} --criterion tar=0.95"),
        ("evaluate {} --far-range 1%:5%", "evaluate {} --far-range 1e-2:5e-2"),
        ("inspect {} --far 1%", "inspect {} --far 1e-2"),
    ],
)
def test_a_rate_in_percent(opis, percent, fraction):
    run = [
        opis(*line.format("sample_data/wordnet.parquet").split(), "--json")
        for line in (percent, fraction)
    ]
    assert run[0][0] == 0
    assert run[0] == run[1]


@pytest.mark.parametrize("text", ["x", "5%%", "%", "1e-3 %x", ""])
def test_what_is_not_a_rate_is_refused(opis, text):
    code, out, err = opis("calibrate", "sample_data/wordnet.parquet", f"--far={text}")
    assert (code, out) == (2, "")
    assert "is not a rate" in err
