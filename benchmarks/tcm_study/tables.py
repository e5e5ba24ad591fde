"""Writes the tables of README.md and the picture from results.json."""

import itertools
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

HERE = Path(__file__).parent
METRICS = {"recall": "R@1", "opis": "OPIS", "eps": "10%-OPIS", "corrected": "corrected OPIS"}


ARMS = (
    "base", "base + TCM", "base + PLDA", "base + offsets", "base + TCM + PLDA",
    "base + TCM + PLDA + offsets",
)  # fmt: skip
PAIRS = {
    "TCM, from the identity": ("base", "base + TCM"),
    "TCM, from PLDA": ("base + PLDA", "base + TCM + PLDA"),
    "PLDA, without TCM": ("base", "base + PLDA"),
    "PLDA, with TCM": ("base + TCM", "base + TCM + PLDA"),
    "offsets, on the base loss": ("base", "base + offsets"),
    "offsets, on TCM and PLDA": ("base + TCM + PLDA", "base + TCM + PLDA + offsets"),
    "all three": ("base", "base + TCM + PLDA + offsets"),
}


def mean(runs: list[dict], metric: str) -> float:
    return float(np.mean([run[metric] for run in runs]))


def cell(runs: list[dict], metric: str) -> str:
    scale = 100 if metric == "recall" else 1000
    values = [scale * run[metric] for run in runs]
    return f"{np.mean(values):.2f} ± {np.std(values, ddof=1):.2f}"


def table(result: dict) -> list[str]:
    lines = [f"| set | head | base loss | arm | {' | '.join(METRICS.values())} |", f"|{8 * '---|'}"]
    for row in result["comparisons"]:
        for arm in ARMS:
            facts = [row["set"], row["head"], row["loss"], arm]
            cells = [cell(row["arms"][arm], metric) for metric in METRICS]
            lines.append(f"| {' | '.join([*facts, *cells])} |")
    return lines


def chosen(result: dict) -> list[str]:
    lines = [
        "| set | head | base loss | lr, λ from the identity | lr, λ from PLDA |",
        f"|{5 * '---|'}",
    ]
    for row in result["comparisons"]:
        facts = [row["set"], row["head"], row["loss"]]
        facts += [
            f"{one['learning_rate']:g}, {one['tcm_weight']:g}" for one in row["chosen"].values()
        ]
        lines.append(f"| {' | '.join(facts)} |")
    return lines


def changes(result: dict) -> list[str]:
    """What each part changes, in how many of the comparisons and by how much."""
    lines = [
        "| what is added | OPIS lower in | OPIS, mean | corrected OPIS lower in"
        " | R@1, mean | R@1, worst | R@1 more than 0.2 lower in |",
        f"|{7 * '---|'}",
    ]
    rows = result["comparisons"]
    for name, arms in PAIRS.items():
        was, now = ([row["arms"][arm] for row in rows] for arm in arms)
        both = list(zip(was, now, strict=True))
        opis = [100 * (mean(b, "opis") / mean(a, "opis") - 1) for a, b in both]
        corrected = [mean(b, "corrected") - mean(a, "corrected") for a, b in both]
        recall = [100 * (mean(b, "recall") - mean(a, "recall")) for a, b in both]
        cells = [
            name, f"{sum(x < 0 for x in opis)} of {len(rows)}", f"{np.mean(opis):+.1f} %",
            f"{sum(x < 0 for x in corrected)}", f"{np.mean(recall):+.2f}", f"{min(recall):+.2f}",
            f"{sum(x < -0.2 for x in recall)}",
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def frozen(result: dict) -> list[str]:
    lines = ["| set | training classes | test classes | test items | R@1 | OPIS | 10%-OPIS"]
    lines[0] += " | corrected OPIS |"
    lines.append("|---|---|---|---|---|---|---|---|")
    for name, row in result["frozen"].items():
        sizes = (row[key] for key in ("n_training_classes", "n_classes", "n_items"))
        numbers = [f"{100 * row['recall']:.2f}"]
        numbers += [f"{1000 * row[metric]:.2f}" for metric in ("opis", "eps", "corrected")]
        lines.append(f"| {' | '.join([name, *(f'{n:,}' for n in sizes), *numbers])} |")
        offsets = [f"{100 * row['offsets']['recall']:.2f}"]
        offsets += [f"{1000 * row['offsets'][m]:.2f}" for m in ("opis", "eps", "corrected")]
        lines.append(f"| with offsets | | | | {' | '.join(offsets)} |")
    return lines


def defaults(rows: list[dict]) -> list[str]:
    lines = [
        "| set | options | seed | R@1 | OPIS | corrected OPIS | TAR at FAR 1e-3 | kept | seconds |"
    ]
    lines.append(f"|{9 * '---|'}")
    for row in rows:
        before, after = row["before"], row["after"]
        cells = [row["set"], "--normalize" if row["normalize"] else "", str(row["seed"])]
        for metric in ("recall", "opis", "corrected", "tar"):
            if metric in ("recall", "tar"):
                change = 100 * (after[metric] - before[metric])
                cells.append(f"{100 * before[metric]:.2f} {change:+.2f}")
            else:
                change = 100 * (after[metric] / before[metric] - 1)
                cells.append(f"{1000 * before[metric]:.2f} {change:+.1f} %")
        kept = row["chosen"] or "frozen embeddings"
        lines.append(f"| {' | '.join([*cells, kept, str(row['seconds'])])} |")
    return lines


def picture(result: dict) -> None:
    """R@1 against corrected OPIS: a path through the arms for each head and base loss."""
    path = ("base", "base + TCM", "base + TCM + PLDA", "base + TCM + PLDA + offsets")
    figure, axes = plt.subplots(1, 4, figsize=(12, 3.2), layout="constrained")
    for axis, (name, before) in zip(axes, result["frozen"].items(), strict=True):
        axis.plot(1000 * before["corrected"], 100 * before["recall"], "k*", ms=10, label="frozen")
        for row in (row for row in result["comparisons"] if row["set"] == name):
            points = [
                (1000 * mean(row["arms"][arm], "corrected"), 100 * mean(row["arms"][arm], "recall"))
                for arm in path
            ]
            colour = "tab:blue" if row["head"] == "residual" else "tab:orange"
            mark = "o" if row["loss"] == "supcon" else "s"
            label = f"{row['head']}, {row['loss']}"
            for start, end in itertools.pairwise(points):
                arrow = {"arrowstyle": "->", "color": colour, "alpha": 0.5}
                axis.annotate("", end, start, arrowprops=arrow)
            axis.plot(*points[0], mark, color=colour, mfc="white")
            axis.plot(*points[-1], mark, color=colour, label=label)
        axis.set(title=name, xlabel="corrected OPIS, 1e-3")
    axes[0].set_ylabel("R@1, %")
    axes[0].legend(fontsize=7)
    figure.savefig(HERE / "pareto.svg", metadata={"Date": None})


def with_tables(text: str) -> str:
    """The same text with the tables of the results between its marks."""
    result = json.loads((HERE / "results.json").read_text())
    for name, lines in (
        ("changes", changes(result)),
        ("chosen", chosen(result)),
        ("table", table(result)),
        ("frozen", frozen(result)),
        ("defaults", defaults(json.loads((HERE / "defaults.json").read_text()))),
    ):
        start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, rest = text.split(start)
        text = before + start + "\n" + "\n".join(lines) + "\n\n" + end + rest.split(end)[1]
    return text


def main() -> None:
    readme = HERE / "README.md"
    readme.write_text(with_tables(readme.read_text("utf-8")), "utf-8")
    picture(json.loads((HERE / "results.json").read_text()))


if __name__ == "__main__":
    main()
