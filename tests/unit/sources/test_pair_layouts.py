"""Text without a header: an order of fields is recognised only if the values leave no doubt."""

import pytest
from pair_files import DISTANCE, SIMILARITY, read, written

from opiscli.errors import OpisError
from opiscli.sources import Selection

BOB = "c1 c1 p/1 0.9\nc1 c2 p/2 0.1\nc2 c2 p/3 0.8\n"

# A text, and its scores and labels.
READ = {
    "1 0.9\n0 0.1\n": ([0.9, 0.1], "10"),
    "0.9 1\n0.1 0\n": ([0.9, 0.1], "10"),
    "0.9\t1\n0.1\t0\n": ([0.9, 0.1], "10"),
    "  -1   0.9 \n\n1 \t 0.1\r\n": ([0.9, 0.1], "01"),
    "target 1\nnontarget 0\n": ([1, 0], "10"),
    "1 i1 i2 0.4\n0 i1 i3 0.2\n": ([0.4, 0.2], "10"),
    "i1 i2 0.4 1\ni1 i3 0.2 0\n": ([0.4, 0.2], "10"),
    "i1 i2 impostor 4\ni1 i3 genuine 2\n": ([4, 2], "01"),
    "label score\n1 0.5\n0 0.2\n": ([0.5, 0.2], "10"),
    "score\tlabel\n1e-3\t0\n5e-3\t1\n": ([0.001, 0.005], "01"),
}


@pytest.mark.parametrize("text", READ)
def test_fields_are_recognised_by_their_values(tmp_path, text):
    scores, same = READ[text]
    found = read(written(tmp_path, text, "scores.txt"), scores=DISTANCE)
    assert found.distances.tolist() == scores
    assert found.is_positive.tolist() == [one == "1" for one in same]


FIVE = "".join(
    f"{a} m-{a} {rest}\n" for a, rest in (line.split(" ", 1) for line in BOB.splitlines())
)


@pytest.mark.parametrize("text", [BOB, FIVE, BOB.replace("c", ""), BOB.replace(" ", "\t")])
def test_formats_of_bob_hold_similarities_of_two_identities(tmp_path, text):
    found = read(written(tmp_path, text, "scores-dev"))
    assert found.kind is SIMILARITY
    assert found.distances.tolist() == [-0.9, -0.1, -0.8]
    assert found.is_positive.tolist() == [True, False, True]
    assert found.classes.sides.tolist() == [[0, 0, 1], [0, 1, 1]]
    assert found.clusters is None
    assert any("the format of bob" in note for note in found.notes)


def test_a_label_that_only_later_lines_refute_is_no_label(tmp_path):
    lines = [f"1 {k % 5 + 1} probe/{k} 0.{k}" for k in range(1500)]
    lines += [f"{k} {k} probe/{k} 0.{k}" for k in range(2, 5)]
    found = read(written(tmp_path, "\n".join(lines), "scores"))
    assert found.is_positive.sum() == 303
    assert found.classes.names == ("1", "2", "3", "4", "5")


REFUSED = {
    "1 1\n0 0\n1 0\n": (3, "could be 'same score' or 'score same'"),
    "0.5 0.25\n0.1 0.2\n": (3, r"2 fields \(numbers, numbers\) are of no known order"),
    "i1 i2 0.4\ni1 i3 0.2\n": (3, r"3 fields \(texts, texts, numbers\)"),
    "1 i1 i2\n0 i1 i3\n": (3, "is a list of trials .* no scores"),
    "i1 i2 target\ni1 i3 nontarget\n": (3, "is a list of trials .* no scores"),
    "1 0.4\n0 0.2\n0.1\n": (3, "has 1 fields in line 3"),
    "1 0.4\n0 0.2 7\n": (3, "is no kind of file|has 3 fields in line 2"),
    "a b same\n": (3, "is no kind of file"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_could_mean_anything_is_refused(tmp_path, text):
    code, problem = REFUSED[text]
    with pytest.raises(OpisError, match=problem) as error:
        read(written(tmp_path, text, "scores.txt"))
    assert error.value.exit_code == code


def test_the_direction_of_bare_scores_has_to_be_said(tmp_path):
    path = written(tmp_path, "1 0.9\n0 0.1\n", "scores.txt")
    with pytest.raises(OpisError, match="scores is needed") as error:
        read(path)
    assert error.value.exit_code == 2
    assert "--scores similarity" in error.value.on_command_line[1]


def test_options_name_fields_by_their_place(tmp_path):
    text = "x y 0.5 0 1\nx z 0.1 1 0\nu v 0.2 1 1\n"
    found = read(
        written(tmp_path, text, "scores.txt"),
        Selection(exclude=("field_4=0",)),
        score_column="field_3",
        same_column="field_5",
        scores=DISTANCE,
    )
    assert found.distances.tolist() == [0.1, 0.2]
    assert found.is_positive.tolist() == [False, True]


@pytest.mark.parametrize("bad", ["nan", "x"])
def test_a_bad_line_is_named(tmp_path, bad):
    text = BOB + f"c1 c1 p/9 {bad}\n"
    with pytest.raises(OpisError, match=r"line 4 of .* has the score") as error:
        read(written(tmp_path, text, "scores.txt"), Selection(), a_column=None)
    assert error.value.exit_code == 4
