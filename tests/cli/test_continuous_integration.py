"""The guide to continuous integration works as written in a new repository."""

import re
import shutil
import subprocess

import pytest
from conftest import ROOT, SAMPLE
from documents import blocks, commands, pieces

GUIDE = ROOT / "docs" / "continuous-integration.md"
FILES = {match[1]: code for code in blocks(GUIDE) if (match := re.match(r"# (\S+\.\w+)\n", code))}
SETUP, RENEWAL = (code for code in blocks(GUIDE, "sh") if code not in FILES.values())
WORKFLOW = FILES[".github/workflows/embeddings.yml"]
AUTHOR = {f"GIT_{who}_{what}": "a@example.com"
          for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}  # fmt: skip


def jobs(text):
    """Commands of the steps of a GitHub workflow, or of a GitLab script."""
    return re.findall(r"(?:run:|^    -) (.*)", text, re.MULTILINE)


@pytest.fixture
def bash(shell_environment, tmp_path):
    if shutil.which("bash") is None or shutil.which("git") is None:
        pytest.skip("needs bash and git")
    summary = {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}

    def run(code, folder):
        return subprocess.run(
            ["bash", "-e", "-c", code], cwd=folder, env={**shell_environment, **AUTHOR, **summary},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


@pytest.fixture
def repository(bash, tmp_path):
    """A new repository with the files of the guide, set up as it says."""
    (tmp_path / "opis").symlink_to(ROOT)
    folder = tmp_path / "model"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    assert bash("git init --quiet", folder).returncode == 0
    done = bash(SETUP, folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_clone_passes_until_the_model_gets_worse(bash, repository, tmp_path):
    clone = tmp_path / "clone"
    assert bash(f"git clone --quiet {repository} {clone}", tmp_path).returncode == 0
    *steps, summarise = jobs(WORKFLOW)
    done = bash("\n".join(steps), clone)
    assert done.returncode == 0, done.stderr
    assert bash(summarise, clone).returncode == 0
    assert "TAR@FAR=0.001" in (tmp_path / "summary.md").read_text()

    script = clone / "export_embeddings.py"
    script.write_text(script.read_text().replace("spread * rng", "3 * spread * rng"))
    done = bash(steps[-1], clone)
    assert done.returncode == 1
    assert done.stderr.count("fail") >= 2
    (tolerant,) = (piece for piece in pieces(GUIDE) if "test $?" in piece)
    assert bash(tolerant, clone).returncode == 0
    (direct,) = (piece for piece in pieces(GUIDE) if piece.startswith("opis check embeddings"))
    assert bash(direct, clone).returncode == 1
    assert bash(RENEWAL, clone).returncode == 0


def test_both_systems_run_the_same_commands():
    assert jobs(FILES[".gitlab-ci.yml"]) == jobs(WORKFLOW)[:2]


def test_exit_codes_are_as_the_guide_says(opis):
    expected = {
        ("--fail-if", "recall@1<1.1"): 1,
        ("--fail-if", "recal@1<0.9"): 2,
        ("--fail-if", "far>0.1", "--threshold-file", "missing.json"): 3,
        ("--fail-if", "recall@1<0.1", "--where", "label=site.n08651247"): 4,
        ("--fail-if", "tar@far=1e-9<0.5"): 5,
    }
    wordnet = SAMPLE / "wordnet.parquet"
    assert {words: opis("check", wordnet, *words)[0] for words in expected} == expected
    table = re.findall(r"^\| (\d+) \|", GUIDE.read_text("utf-8"), re.MULTILINE)
    assert table == ["0", *map(str, expected.values()), "70"]


def test_every_command_of_the_guide_is_run():
    run = "\n".join([*FILES.values(), SETUP, RENEWAL])
    there = [" ".join(words.split()) for _, words in commands(GUIDE)]
    in_files = [words for words in there if words in " ".join(run.split())]
    in_prose = [piece for piece in pieces(GUIDE) if piece.startswith("opis ")]
    # In prose: the check of embeddings, which is run, and an option of one command.
    assert len(there) - len(in_files) == len([p for p in in_prose if len(p.split()) > 2]) == 2
