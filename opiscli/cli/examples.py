"""Two examples for the help of each command."""

DOCUMENTATION = "https://pypi.org/project/opiscli"

_EXAMPLES = {
    "evaluate": (
        "opis evaluate embeddings.parquet",
        "opis evaluate x.npy --labels y.npy --far-range 1e-4:1e-2",
    ),
    "compare": (
        "opis compare before.parquet after.parquet",
        "opis compare a.opis b.opis --format markdown",
    ),
    "inspect": (
        "opis inspect embeddings.parquet --show text",
        "opis inspect embeddings.parquet --far 0.01 --format jsonl",
    ),
    "calibrate": (
        "opis calibrate embeddings.parquet --far 1e-3",
        "opis calibrate embeddings.parquet --far 0.1% -o threshold.json",
    ),
    "translate": (
        "opis translate old.parquet new.parquet --threshold-file threshold.json -o new.json",
        "opis translate old.npy new.npy --by-row --similarity 0.62",
    ),
    "check": (
        "opis check embeddings.parquet --fail-if 'recall@1<0.9' --fail-if 'opis>0.02'",
        "opis check embeddings.parquet --threshold-file threshold.json --fail-if 'far>2e-3'",
    ),
    "finetune": (
        "opis finetune embeddings.parquet --where split=train -o head.safetensors",
        "opis finetune embeddings.parquet --head-type mlp --tune 20 -o head.safetensors",
    ),
    "normalize": (
        "opis normalize e.parquet --cohort train.parquet -o normalized.parquet",
        "opis normalize e.parquet --cohort train.parquet --weight auto -o n.parquet",
    ),
    "project": (
        "opis project embeddings.parquet --head head.safetensors -o better.parquet",
        "opis project embeddings.parquet --probability threshold.json -o nearest.parquet",
    ),
    "export": (
        "opis export head.safetensors -o head.onnx",
        "opis export head.safetensors -o head.faiss",
    ),
    "report": (
        "opis report embeddings.parquet -o report.html",
        "opis report run.opis -o report.html --force",
    ),
    "plot-curves": (
        "opis plot-curves embeddings.parquet --highlight worst:3",
        "opis plot-curves before.parquet after.parquet -o curves.svg",
    ),
    "plot-distances": (
        "opis plot-distances embeddings.parquet",
        "opis plot-distances embeddings.parquet --log -o distances.pdf",
    ),
    "plot-det": (
        "opis plot-det embeddings.parquet",
        "opis plot-det a.opis b.opis -o det.svg",
    ),
    "plot-pareto": (
        "opis plot-pareto a.opis b.opis",
        "opis plot-pareto a.opis b.opis --arrow a:b -o pareto.svg",
    ),
    "plot-classes": (
        "opis plot-classes embeddings.parquet --far 1e-3",
        "opis plot-classes embeddings.parquet --highlight worst:3 -o classes.svg",
    ),
    "help": ("opis help", "opis help calibrate"),
}


def epilog(command: str) -> str:
    """The end of the help of a command: examples and a link to the documentation."""
    lines = ["Examples:", *(f"  {line}" for line in _EXAMPLES.get(command, ()))]
    return "\n".join([*lines, "", f"Documentation: {DOCUMENTATION}"])
