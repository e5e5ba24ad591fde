"""Writes the tables of README.md and the picture from results.json."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

HERE = Path(__file__).parent
METRICS = {"recall": "R@1", "opis": "OPIS", "eps": "10%-OPIS", "corrected": "corrected OPIS"}


def mean(runs: list[dict], metric: str) -> float:
    return float(np.mean([run[metric] for run in runs]))


def cell(row: dict, metric: str) -> str:
    without, with_tcm = ([run[metric] for run in row[arm]] for arm in ("without", "with"))
    scale, digits = (100, 2) if metric == "recall" else (1000, 2)
    was, now = scale * np.mean(without), scale * np.mean(with_tcm)
    spread = scale * np.std(with_tcm, ddof=1)
    arrow = "↑" if now > was else "↓"
    change = f"{now - was:+.2f}" if metric == "recall" else f"{100 * (now / was - 1):+.1f} %"
    return f"{was:.{digits}f} → {now:.{digits}f} ± {spread:.{digits}f} {arrow} {change}"


def table(result: dict) -> list[str]:
    lines = [
        f"| set | head | base loss | lr | λ | {' | '.join(METRICS.values())} |",
        "|---|---|---|---|---|" + "---|" * len(METRICS),
    ]
    for row in result["comparisons"]:
        facts = [row["set"], row["head"], row["loss"], f"{row['learning_rate']:g}"]
        cells = [*facts, f"{row['tcm_weight']:g}", *(cell(row, metric) for metric in METRICS)]
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
    return lines


def verdict(result: dict) -> list[str]:
    rows = result["comparisons"]
    changes = {
        metric: [mean(row["with"], metric) - mean(row["without"], metric) for row in rows]
        for metric in METRICS
    }
    lower = {m: sum(change < 0 for change in changes[m]) for m in ("corrected", "opis", "eps")}
    recall = changes["recall"]
    return [
        f"Of {len(rows)} comparisons, TCM lowered corrected OPIS in {lower['corrected']}, OPIS in"
        f" {lower['opis']} and 10%-OPIS in {lower['eps']}. R@1 rose in"
        f" {sum(change > 0 for change in recall)}, fell by more than 0.2 points in"
        f" {sum(change < -0.002 for change in recall)}, and changed by"
        f" {100 * min(recall):+.2f} to {100 * max(recall):+.2f} points."
    ]


def defaults(rows: list[dict]) -> list[str]:
    lines = ["| set | seed | R@1 | OPIS | corrected OPIS | kept | seconds |"]
    lines.append("|---|---|---|---|---|---|---|")
    for row in rows:
        before, after = row["before"], row["after"]
        change = 100 * (after["recall"] - before["recall"])
        cells = [row["set"], str(row["seed"]), f"{100 * before['recall']:.2f} {change:+.2f}"]
        for metric in ("opis", "corrected"):
            change = 100 * (after[metric] / before[metric] - 1)
            cells.append(f"{1000 * before[metric]:.2f} {change:+.1f} %")
        kept = row["chosen"] or "frozen embeddings"
        lines.append(f"| {' | '.join([*cells, kept, str(row['seconds'])])} |")
    return lines


def picture(result: dict) -> None:
    figure, axes = plt.subplots(1, 4, figsize=(12, 3.2), layout="constrained")
    for axis, (name, before) in zip(axes, result["frozen"].items(), strict=True):
        axis.plot(1000 * before["corrected"], 100 * before["recall"], "k*", ms=10, label="frozen")
        for row in (row for row in result["comparisons"] if row["set"] == name):
            ends = [
                (1000 * mean(row[arm], "corrected"), 100 * mean(row[arm], "recall"))
                for arm in ("without", "with")
            ]
            colour = "tab:blue" if row["head"] == "residual" else "tab:orange"
            mark = "o" if row["loss"] == "supcon" else "s"
            label = f"{row['head']}, {row['loss']}"
            axis.plot(*ends[0], mark, color=colour, mfc="white")
            axis.plot(*ends[1], mark, color=colour, label=label)
            axis.annotate("", ends[1], ends[0], arrowprops={"arrowstyle": "->", "color": colour})
        axis.set(title=name, xlabel="corrected OPIS, 1e-3")
    axes[0].set_ylabel("R@1, %")
    axes[0].legend(fontsize=7)
    figure.savefig(HERE / "pareto.svg", metadata={"Date": None})


def with_tables(text: str) -> str:
    """The same text with the tables of the results between its marks."""
    result = json.loads((HERE / "results.json").read_text())
    for name, lines in (
        ("verdict", verdict(result)),
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
