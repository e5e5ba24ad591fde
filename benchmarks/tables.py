"""Writes the tables of README.md from the files in results/, between its marks."""

import json
from pathlib import Path

HERE = Path(__file__).parent
TOOLS = ("opis", "opis_ranking", "faiss_k2", "products", "numpy_loop", "pml", "roc_curve")


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


def main() -> None:
    readme = HERE / "README.md"
    text = readme.read_text("utf-8")
    for name, lines in (("evaluate", evaluate_table()), ("coverage", coverage_table())):
        start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, rest = text.split(start)
        after = rest.split(end)[1]
        text = before + start + "\n" + "\n".join(lines) + "\n\n" + end + after
    readme.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
