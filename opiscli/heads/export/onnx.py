"""A head as an ONNX graph: embeddings of any length in, unit embeddings out."""

from typing import Any, TypeAlias

import numpy as np

from opiscli.arrays import Float32Array
from opiscli.errors import UsageError
from opiscli.heads.projection import Projection

_Node: TypeAlias = tuple[str, list[str], str, dict[str, Any]]
"""Kind, inputs, output and attributes."""

_OPSET = 17
_IR_VERSION = 8  # as old as the opset, so that older runtimes read it


def onnx_bytes(projection: Projection, description: str) -> bytes:
    """Serialise a graph with input ``embedding`` (n, dims) and output ``projected`` (n, dim).

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
    floats = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node(kind, inputs, [name], **more) for kind, inputs, name, more in nodes],
        "opis_head",
        [helper.make_tensor_value_info("embedding", floats, ["n", projection.dims])],
        [helper.make_tensor_value_info("projected", floats, ["n", projection.dim])],
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


def _nodes(projection: Projection) -> tuple[list[_Node], dict[str, Float32Array]]:
    """The nodes of the graph, and its constants."""
    arrays = {"weight": projection.weight, "bias": projection.bias}
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
