"""Writes the tables of README.md from the files in results/, between its marks."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from opiscli.training.candidates import FROZEN, candidates_of
from opiscli.training.choice import refusal
from opiscli.training.judgement import Numbers
from opiscli.training.settings import TrainingSettings

HERE = Path(__file__).parent
TOOLS = ("opis", "opis_ranking", "faiss_k2", "products", "numpy_loop", "pml", "roc_curve")
NAMES = {"pooled": "FAR, pooled", "macro": "FAR, macro", "frr": "FRR, pooled"}


def evaluate_table() -> list[str]:
    result = json.loads((HERE / "results" / "evaluate.json").read_text())
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    lines = [
        f"{result['processors']} processors, {result['machine']}, {result['date']};"
        f" {versions}; median of {result['runs']} run(s). Seconds, and opis as a ratio to each.",
        "",
        "| set | items × dims | classes | opis | --ranking | FAISS k = 2 | products | NumPy loop"
        " | PML | roc_curve | opis MB | data MB |",
        f"|{12 * '---|'}",
    ]
    for row in result["sets"]:
        cells = [row["set"], f"{row['n_items']:,} × {row['dims']}", f"{row['n_classes']:,}"]
        cells += [_seconds(row, tool) for tool in TOOLS]
        cells += [f"{row['peak_mb']['opis']:,}", f"{row['data_mb']:,}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _seconds(row: dict, tool: str) -> str:
    """Seconds, and how opis compares; what was not measured is empty, or says why."""
    if tool in row.get("does_not_fit_gb", {}):
        return f"needs {row['does_not_fit_gb'][tool]:,.0f} GB"
    if tool not in row["seconds"]:
        return ""
    ratio = row["opis_over"].get(tool)
    return f"{row['seconds'][tool]:.2f}" + ("" if ratio is None else f" ({ratio:.2f}×)")


def coverage_table() -> list[str]:
    rows = json.loads((HERE / "results" / "interval_coverage.json").read_text())
    lines = [
        "| classes | true OPIS | OPIS | by percentiles | ε-OPIS | by percentiles |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        shares = [row[name] for name in ("opis", "opis_percentile", "eps", "eps_percentile")]
        cells = [str(row["n_classes"]), f"{row['true_opis']:.4f}", *(f"{s:.0%}" for s in shares)]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def far_table() -> list[str]:
    lines = [
        "| set, target FAR | classes, effective number | rate | binomial | plain jackknife | opis |"
        " its median width | warned | threshold given | FAR within target | median FAR / target |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in json.loads((HERE / "results" / "far_coverage.json").read_text()):
        classes = f"{row['n_classes']}, {row['median_classes_by_pairs']:.0f}"
        cells = [f"{row['set']}, {row['target']:g}", classes, NAMES[row["rate"]]]
        cells += [percent(row.get(name)) for name in ("binomial", "jackknife", "held")]
        cells += [f"{row['median_width']:.2f} × rate", percent(row["warned"])]
        cells += [percent(row.get(name)) for name in ("given", "within")]
        cells += [f"{row['median_attained']:.2f}" if "median_attained" in row else ""]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def noise_table() -> list[str]:
    lines = [
        "| population | items per class | OPIS | noise floor | corrected ± its standard error |"
        " truth |",
        "|---|---|---|---|---|---|",
    ]
    for row in json.loads((HERE / "results" / "noise_floor.json").read_text()):
        cells = [row["population"], str(row["n_items"]), f"{row['opis']:.5f}"]
        corrected = round(row["corrected"], 5) + 0.0  # not -0.00000
        cells += [f"{row['noise']:.5f}", f"{corrected:.5f} ± {row['standard_error']:.5f}"]
        lines.append(f"| {' | '.join([*cells, format(row['truth'], '.5f')])} |")
    return lines


def epsilon_table() -> list[str]:
    lines = [
        "| population | items per class | raw / truth | corrected / truth ± its standard error |"
        " truth |",
        "|---|---|---|---|---|",
    ]
    for row in json.loads((HERE / "results" / "epsilon_opis.json").read_text()):
        truth = row["truth"]
        raw, corrected, error = (row[n] / truth for n in ("raw", "corrected", "standard_error"))
        cells = [row["population"], str(row["n_items"]), f"{raw:.2f}"]
        cells += [f"{corrected:.2f} ± {error:.2f}", f"{truth:.4f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def doubts_table() -> list[str]:
    lines = [
        "| input | warning | sets | warned | refused | neither |",
        "|---|---|---|---|---|---|",
    ]
    for row in json.loads((HERE / "results" / "doubts.json").read_text()):
        counts = [str(row.get(name, 0)) for name in ("n_sets", "warned", "refused", "missed")]
        lines.append(f"| {row['input']} | {row.get('code', 'none')} | {' | '.join(counts)} |")
    return lines


def paired_table() -> list[str]:
    rows = json.loads((HERE / "results" / "paired_coverage.json").read_text())
    lines = [
        "| classes | ratio of OPIS | ratio of ε-OPIS | difference of R@1 |",
        "|---|---|---|---|",
    ]
    for row in rows:
        shares = [percent(row[name]) for name in ("opis", "eps", "recall")]
        lines.append(f"| {row['n_classes']} | {' | '.join(shares)} |")
    return lines


def sampling_table() -> list[str]:
    result = json.loads((HERE / "results" / "sampling.json").read_text())
    lines = [
        "| pairs | of all | interval covers exact OPIS | ε-OPIS | R@1 | mean error of OPIS |"
        " largest error | seconds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        held = [f"{row[f'covers_{n}']} / {result['seeds']}" for n in ("opis", "eps_opis", "recall")]
        cells = [
            f"{row['sample_pairs']:,}",
            f"{row['sample_pairs'] / result['n_pairs']:.1%}",
            *held,
        ]
        cells += [f"{row['mean_error']:+.2%}", f"{row['largest_error']:.2%}"]
        lines.append(f"| {' | '.join(cells)} | {row['median_seconds']:.1f} |")
    return lines


def pair_scores_table() -> list[str]:
    result = json.loads((HERE / "results" / "pair_scores.json").read_text())
    lines = [
        "| pairs | identities | command | processor seconds | peak MB |",
        f"|{5 * '---|'}",
    ]
    for row in result["rows"]:
        cells = [f"{row['pairs']:,}", "yes" if row["identities"] else "no", f"`{row['command']}`"]
        cells += [f"{row['processor_seconds']:.1f}", f"{row['peak_mb']:,}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def training_table() -> list[str]:
    result = json.loads((HERE / "results" / "training_speed.json").read_text())
    lines = [
        f"{result['processors']} processors, load before {result['load_before']}.",
        "",
        "| loss | opis | pytorch-metric-learning |",
        "|---|---|---|",
    ]
    for row in result["rows"]:
        loss = f"{row['loss']} + TCM" if row["tcm"] else row["loss"]
        lines.append(f"| {loss} | {row['opis']:,} | {row['pytorch_metric_learning']:g} |")
    return lines


def harm_table() -> list[str]:
    """Draws of do_no_harm.py: which harm unseen classes, by rule, set and number of classes."""
    lines = (HERE / "results" / "do_no_harm.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    rules = {
        "always the head": _always("head"),
        "always the half dose": _always("half-dose head"),
        "always the half dose with offsets": _always("half-dose head with offsets"),
        **CHOICES,
        "best choice in hindsight": _best_in_hindsight,
    }
    groups = {"all draws": rows, "draws since the rule was fixed": rows[RULE_FIXED_AFTER:]}
    for name in dict.fromkeys(row["set"] for row in rows):
        groups[name] = [row for row in rows if row["set"] == name]
    for lo, hi in ((5, 19), (20, 39), (40, 59), (60, 99), (100, 399), (400, 1280)):
        groups[f"{lo} to {hi:,} classes"] = [r for r in rows if lo <= r["n_classes"] <= hi]
    lines = [
        "| draws of | choice | draws | frozen kept | OPIS +5 % | R@1 −0.2 | TAR −1"
        " | OPIS | R@1 | TAR |",
        f"|{10 * '---|'}",
    ]
    for group, found in groups.items():
        for rule, choose in (rules if found is rows else CHOICES).items():
            if found:
                lines.append(f"| {group} | {rule} | {' | '.join(_harm(found, choose))} |")
    return lines


RULE_FIXED_AFTER = 78
"""Draws on which the certainty of half doses and the fewest classes of a head were chosen."""


def _chosen(*, normalize: bool) -> Callable[[dict], str | None]:
    """What `opis finetune` takes by its present rule, from the numbers that it had."""

    def choose(row: dict) -> str | None:
        allowed = {}
        for candidate in candidates_of(1, 1, normalize=normalize):
            found = {name: numbers for name, *numbers in row["judged"]}
            if candidate.name not in found:
                continue
            (opis, _, recall, tar, share, _), frozen = found[candidate.name], found[FROZEN.name]
            numbers, before = (
                Numbers(*(np.array([x]) for x in one))
                for one in ((opis, recall, tar), (frozen[0], frozen[2], frozen[3]))
            )
            settings = TrainingSettings()
            if not refusal(candidate, numbers, before, share, row["n_classes"], settings):
                allowed[candidate.name] = opis
        return min(allowed, key=lambda name: allowed[name]) if allowed else None

    return choose


CHOICES = {
    "`opis finetune`": _chosen(normalize=False),
    "`--normalize`": _chosen(normalize=True),
}


def _always(name: str) -> Callable[[dict], str | None]:
    return lambda row: name if name in row["after"] else None


def class_share_table() -> list[str]:
    """How often `--class-share` held for new classes, and for independent ones would have."""
    lines = [
        "| set | classes drawn | FAR target | share of classes | held | median share within"
        " | as if independent, held |",
        f"|{7 * '---|'}",
    ]
    for row in json.loads((HERE / "results" / "class_share.json").read_text()):
        ours, independent = row["opis"], row["independent"]
        cells = [row["set"], f"{row['n_classes']:,}", f"{row['target']:g}", f"{row['share']:g}"]
        cells += [f"{ours['held']:.3f}", f"{1 - ours['median_above']:.3f}"]
        cells.append(f"{independent['held']:.3f}")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _changes(row: dict, chosen: str | None) -> tuple[float, float, float]:
    """Relative change of OPIS in percent, changes of R@1 and of TAR in points."""
    before = row["frozen"]
    after = before if chosen is None else row["after"][chosen]
    points = (100 * (after[name] - before[name]) for name in ("recall", "tar"))
    return (100 * (after["opis"] / before["opis"] - 1), *points)


def _best_in_hindsight(row: dict) -> str | None:
    """The candidate with the lowest OPIS on the test classes that lowers neither R@1 nor TAR."""
    fine = [one for one in (None, *row["after"]) if min(_changes(row, one)[1:]) >= 0]
    return min(fine, key=lambda one: _changes(row, one)[0])


def _harm(rows: list[dict], choose: Callable[[dict], str | None]) -> list[str]:
    found = [_changes(row, choose(row)) for row in rows]
    opis, recall, tar = (sum(column) / len(found) for column in zip(*found, strict=True))
    harmed = [
        sum(change[0] > 5 for change in found),
        sum(change[1] < -0.2 for change in found),
        sum(change[2] < -1 for change in found),
    ]
    kept = sum(choose(row) is None for row in rows)
    cells = [len(rows), kept, *harmed, f"{opis:+.1f} %", f"{recall:+.2f}", f"{tar:+.1f}"]
    return [str(cell) for cell in cells]


def opis_loss_table() -> list[str]:
    """Mean changes over seeds, in percent or points, of heads alone and with offsets."""
    cells: dict[tuple[str, str, int], list[dict]] = {}
    for row in json.loads((HERE / "results" / "opis_loss.json").read_text()):
        drawn = f"{row['drawn']} of " if row["drawn"] else ""
        group = f"{drawn}{row['set']}", f"{row['n_classes']:,}", row["weight"]
        cells.setdefault(group, []).append(row)
    lines = [
        "| set | training classes | weight | seeds | OPIS | corrected | R@1 | TAR"
        " | OPIS with offsets | corrected | R@1 | TAR |",
        f"|{12 * '---|'}",
    ]
    for group, rows in cells.items():
        numbers = [*_mean_changes(rows, "head"), *_mean_changes(rows, "head and offsets")]
        lines.append(f"| {' | '.join([*map(str, group), str(len(rows)), *numbers])} |")
    return lines


def _mean_changes(rows: list[dict], of: str) -> list[str]:
    """Changes from the frozen embeddings: relative ones of OPIS, in points of R@1 and of TAR."""
    mean = {}
    for name in ("opis", "corrected", "recall", "tar"):
        both = [(row["frozen"][name], row[of][name]) for row in rows]
        relative = name in ("opis", "corrected")
        changes = [after / before - 1 if relative else after - before for before, after in both]
        mean[name] = 100 * sum(changes) / len(changes)
    opis, corrected, recall, tar = mean.values()
    return [f"{opis:+.1f} %", f"{corrected:+.0f} %", f"{recall:+.2f}", f"{tar:+.1f}"]


def probability_table() -> list[str]:
    lines = [
        "| set | classes | measured | prevalence | ECE | Brier | 0.5 – 0.9: stated | observed |"
        " 0.9 – 1: stated | observed |",
        f"|{10 * '---|'}",
    ]
    for row in json.loads((HERE / "results" / "probability.json").read_text()):
        for pairs in row["pairs"]:
            brier, lo, hi = pairs["brier_ratio"]
            cells = [row["set"], f"{row['n_classes']:,}", f"{row['measurements']}×"]
            cells += [f"{pairs['prevalence']:g}", _mean_and_range(pairs["ece"])]
            cells.append(f"{brier:.2f} ({lo:.2f} – {hi:.2f})")
            for band in pairs["bands"][1:]:
                cells += [_three(band["stated"]), _observed(band)]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def identification_table() -> list[str]:
    results = json.loads((HERE / "results" / "identification_coverage.json").read_text())
    lines = [
        "| set, classes drawn | FPIR target | rate | its mean | bootstrap over classes |"
        " plain jackknife | opis | its median width |",
        f"|{8 * '---|'}",
    ]
    for name, found in results["coverage"].items():
        for at, row in found.items():
            rate, _, target = at.partition(" at fpir=")
            shares = [percent(row[f"{how} holds"]) for how in ("bootstrap", "jackknife", "opis")]
            width = f"{row['opis width']:.2f} × rate"
            cells = [name, target, rate.upper(), f"{row['estimate']:.3f}", *shares, width]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def nearest_probability_table() -> list[str]:
    lines = [
        "| set | prevalence | below 0.5: items | stated | observed | 0.5 – 0.9: items | stated |"
        " observed | 0.9 – 1: items | stated | observed |",
        f"|{11 * '---|'}",
    ]
    for row in json.loads((HERE / "results" / "probability.json").read_text()):
        lo, hi = row["nearest"]["prevalence"]
        cells = [row["set"], f"{lo:.2g} – {hi:.2g}"]
        for band in row["nearest"]["bands"]:
            cells += [f"{band['n']:,}", _three(band["stated"]), _three(band["observed"])]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _mean_and_range(values: list[float]) -> str:
    mean, lo, hi = values
    return f"{mean:.2g} ({lo:.2g} – {hi:.2g})"


def _observed(band: dict) -> str:
    if band["observed"] is None:
        return ""
    return f"{band['observed']:.3f} ({band['lowest']:.2f} – {band['highest']:.2f})"


def _three(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def no_labels_table(part: str) -> list[str]:
    """How often intervals of thresholds without labels hold, of one part of no_labels.py."""
    rows = json.loads((HERE / "results" / "no_labels.json").read_text())
    found = [row for row in rows if row["part"] == part]
    if part == "translate":
        lines = ["| set | new model | share accepted | held | below | above | median width |"]
        lines.append(f"|{7 * '---|'}")
        for row in found:
            cells = [row["set"], row["model"], f"{row['share']:g}"]
            cells += [f"{row[name]:.1%}" for name in ("held", "below", "above")]
            lines.append(f"| {' | '.join(cells)} | {row['median_width']:.2f} × share |")
        return lines
    lines = [
        "| set | drawn | target FAR | held | mean FAR ± standard deviation | median width"
        " | with confidence: given | within target |",
        f"|{8 * '---|'}",
    ]
    for row in found:
        far = f"{row['mean_far']:.2f} ± {row['sd_far']:.2f} × target"
        cells = [row["set"], row["drawn"], f"{row['target']:g}", f"{row['held']:.1%}", far]
        cells += [f"{row['median_width']:.2f} × target", f"{row['given']:.0%}"]
        cells.append("" if row["within"] is None else f"{row['within']:.1%}")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def margin_table() -> list[str]:
    results = json.loads((HERE / "results" / "identification_coverage.json").read_text())
    lines = [
        "| set | items, classes | FPIR target | margin | FNIR alone | with it |"
        " held-out FPIR alone | with it | FNIR alone | with it | FNIR lower in |",
        f"|{11 * '---|'}",
    ]
    for name, found in results["margin"].items():
        for at, row in found.items():
            held = row["held-out"] or {}
            names = ("fpir_alone", "fpir", "fnir_alone", "fnir")
            rates = [row["fnir alone"], row["fnir"], *(held.get(one) for one in names)]
            cells = [name, f"{row['n_items']:,}, {row['n_classes']:,}", at.partition("=")[2]]
            cells += [f"{row['margin']:g}", *map(_attained, rates)]
            cells += [f"{held['n_lower']} of {held['n']} splits" if held else ""]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def _attained(rate: float | None) -> str:
    return "unattainable" if rate is None else f"{rate:.3f}"


def out_of_core_table() -> list[str]:
    """Memory beside what Python takes, and processor time per pair, in memory and on disk."""
    result = json.loads((HERE / "results" / "out_of_core.json").read_text())
    lines = [
        f"{result['date']}, median of {result['runs']} run(s).",
        "",
        "| items × dims | embeddings MB | in memory: MB | ns per pair | on disk: limit MB | MB"
        " | ns per pair | ratio |",
        f"|{8 * '---|'}",
    ]
    for row in result["rows"]:
        pairs = row["n_items"] * (row["n_items"] - 1) / 2
        peaks, times = [], []
        for runs in (row["fits"], row["on_disk"]):
            peaks.append(max(run["peak"] for run in runs) - row["small_peak"])
            times.append(np.median([run["user"] + run["system"] for run in runs]) / pairs * 1e9)
        cells = [f"{row['n_items']:,} × {row['dims']:,}", f"{row['coordinates'] / 1e6:,.0f}"]
        cells += [f"{peaks[0] / 1e6:,.0f}", f"{times[0]:.1f}", f"{row['limit'] / 1e6:,.0f}"]
        cells += [f"{peaks[1] / 1e6:,.0f}", f"{times[1]:.1f}", f"{times[1] / times[0]:.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


TABLES = {
    "evaluate": evaluate_table,
    "coverage": coverage_table,
    "far": far_table,
    "noise": noise_table,
    "epsilon": epsilon_table,
    "doubts": doubts_table,
    "paired": paired_table,
    "sampling": sampling_table,
    "pair scores": pair_scores_table,
    "training": training_table,
    "harm": harm_table,
    "class_share": class_share_table,
    "opis loss": opis_loss_table,
    "probability": probability_table,
    "nearest": nearest_probability_table,
    "unlabelled": lambda: no_labels_table("unlabelled"),
    "impostors": lambda: no_labels_table("impostors"),
    "translate": lambda: no_labels_table("translate"),
    "identification": identification_table,
    "margin": margin_table,
    "out of core": out_of_core_table,
}


def with_tables(text: str) -> str:
    """The same text with the tables of the results between its marks."""
    for name, table in TABLES.items():
        start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, rest = text.split(start)
        after = rest.split(end)[1]
        text = before + start + "\n" + "\n".join(table()) + "\n\n" + end + after
    return text


def main() -> None:
    readme = HERE / "README.md"
    readme.write_text(with_tables(readme.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
