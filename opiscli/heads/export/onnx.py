"""A head as an ONNX graph: embeddings of any length in, unit embeddings and offsets out."""

from typing import Any, TypeAlias

import numpy as np

from opiscli.arrays import AnyArray
from opiscli.errors import UsageError
from opiscli.heads.cohort import HeadCohort
from opiscli.heads.projection import Projection

_Node: TypeAlias = tuple[str, list[str], str, dict[str, Any]]
"""Kind, inputs, outputs with a blank between them, and attributes."""

_OPSET = 17
_IR_VERSION = 8  # as old as the opset, so that older runtimes read it


def onnx_bytes(
    projection: Projection, cohort: HeadCohort | None = None, description: str = ""
) -> bytes:
    """Serialise a graph with input ``embedding`` (n, dims) and output ``projected`` (n, dim).

    With offsets there are three outputs more: ``offset`` (n, 1), and ``stored`` and ``query``, each
    (n, dim + 2), whose inner products are the cosines less both offsets.

    Raises
    ------
    UsageError
        If the onnx package is not installed.
    """
    try:
        import onnx
        from onnx import helper, numpy_helper
    except ImportError as cause:
        raise UsageError(
            "an ONNX export needs the onnx package, which is not installed",
            hint="Install it with: pip install 'opiscli[onnx]'.",
        ) from cause
    nodes, arrays = _nodes(projection)
    widths = {"projected": projection.dim}
    if cohort is not None:
        more, of_cohort = _offset_nodes(cohort)
        nodes, arrays = [*nodes, *more], {**arrays, **of_cohort}
        augmented = projection.dim + 2
        widths |= {"offset": 1, "stored": augmented, "query": augmented}
    floats = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node(kind, ins, outs.split(), **more) for kind, ins, outs, more in nodes],
        "opis_head",
        [helper.make_tensor_value_info("embedding", floats, ["n", projection.dims])],
        [helper.make_tensor_value_info(name, floats, ["n", d]) for name, d in widths.items()],
        [numpy_helper.from_array(np.ascontiguousarray(a), n) for n, a in arrays.items()],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", _OPSET)],
        producer_name="opis",
        doc_string=description,
    )
    model.ir_version = _IR_VERSION
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _nodes(projection: Projection) -> tuple[list[_Node], dict[str, AnyArray]]:
    """The nodes of the graph, and its constants."""
    arrays: dict[str, AnyArray] = {"weight": projection.weight, "bias": projection.bias}
    nodes: list[_Node] = [
        ("LpNormalization", ["embedding"], "unit", {"axis": 1, "p": 2}),
        ("Gemm", ["unit", "weight", "bias"], "linear", {}),
    ]
    if projection.hidden is not None:
        hidden = projection.hidden
        arrays |= {
            "hidden_weight": hidden.weight,
            "hidden_bias": hidden.bias,
            "hidden_output": hidden.output,
        }
        nodes += [
            ("Gemm", ["unit", "hidden_weight", "hidden_bias"], "before", {}),
            ("Relu", ["before"], "hidden", {}),
            ("Gemm", ["hidden", "hidden_output", "linear"], "sum", {}),
        ]
    nodes.append(("LpNormalization", [nodes[-1][2]], "projected", {"axis": 1, "p": 2}))
    return nodes, arrays


def _offset_nodes(cohort: HeadCohort) -> tuple[list[_Node], dict[str, AnyArray]]:
    """The nodes from rows of length one to offsets and augmented rows, and their constants."""
    arrays: dict[str, AnyArray] = {
        "cohort": np.ascontiguousarray(cohort.rows.T),
        "k": np.array([cohort.k], np.int64),
        "offset_weight": np.array(cohort.weight, np.float32),
        "centre": np.array(cohort.centre, np.float32),
        "one": np.array(1, np.float32),
    }
    nodes: list[_Node] = [
        ("MatMul", ["projected", "cohort"], "similarities", {}),
        ("TopK", ["similarities", "k"], "nearest indices", {"axis": 1}),
        ("ReduceMean", ["nearest"], "mean", {"axes": [1], "keepdims": 1}),
        ("Sub", ["mean", "centre"], "nearness", {}),
        ("Mul", ["nearness", "offset_weight"], "offset", {}),
        ("Neg", ["offset"], "minus_offset", {}),
        ("Sub", ["offset", "offset"], "zero", {}),  # as many rows as there are
        ("Add", ["zero", "one"], "ones", {}),
        ("Neg", ["ones"], "minus_ones", {}),
        ("Concat", ["projected", "minus_offset", "minus_ones"], "stored", {"axis": 1}),
        ("Concat", ["projected", "ones", "offset"], "query", {"axis": 1}),
    ]
    return nodes, arrays
