"""What other libraries hand out is taken as it is meant, without depending on them.

Objects that only behave like theirs stand for libraries that need not be installed; those that are
installed are tried for real.
"""

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from conftest import clusters

import opiscli
from opiscli import EmbeddingError, UsageError, evaluate

X, NUMBERS = clusters(n_classes=12, sizes=(4, 8))
X = X.astype(np.float32)
N, DIMS = X.shape
Y = np.array([f"c{number}" for number in NUMBERS])
LISTS = pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), DIMS)
TABLE = pa.table({"embedding": LISTS, "label": Y, "split": ["a", "b"] * (N // 2) + ["a"] * (N % 2)})
EXPECTED = evaluate(X, Y, epsilon=0.2)


def assert_same(result):
    assert result.recall["1"].value == EXPECTED.recall["1"].value
    assert result.opis.value == pytest.approx(EXPECTED.opis.value, abs=1e-9)
    assert result.data.n_classes == EXPECTED.data.n_classes
    assert result.data.sha256 == EXPECTED.data.sha256


class Tensor:
    """Refuses to become an array before it is detached and on the CPU, as torch does."""

    def __init__(self, values, ready=(), dtype="torch.float32"):
        self.values, self.ready, self.dtype = np.asarray(values), ready, dtype

    def detach(self):
        return Tensor(self.values, (*self.ready, "detached"), self.dtype)

    def cpu(self):
        return Tensor(self.values, (*self.ready, "cpu"), self.dtype)

    def float(self):
        return Tensor(self.values, (*self.ready, "float"))

    def __len__(self):
        return len(self.values)

    def __array__(self, dtype=None, copy=None):
        if self.ready[:2] != ("detached", "cpu"):
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        if self.dtype == "torch.bfloat16":
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self.values


class OnDevice:
    """Gives its values only when asked, as CuPy does."""

    device = 0

    def __init__(self, values):
        self.values = values

    def get(self):
        return self.values

    def __array__(self, dtype=None, copy=None):
        raise TypeError("Implicit conversion to a NumPy array is not allowed.")


class ArrayOnly:
    """Has nothing but ``__array__``, as JAX and TensorFlow have."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values)


class Frame:
    """Hands out an Arrow stream, as polars does."""

    def __init__(self, table):
        self.table = table

    @property
    def columns(self):
        return self.table.column_names

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


class Lazy:
    """Is a frame only once it is collected."""

    columns = property(lambda self: pytest.fail("asked for the columns of a lazy frame"))

    def collect_schema(self):
        return None

    def collect(self):
        return Frame(TABLE)


class ByPosition:
    """Has columns of NumPy's objects by position, as pandas has; with an index to be ignored."""

    def __init__(self, columns):
        self.data = columns

    @property
    def columns(self):
        return list(self.data)

    @property
    def iloc(self):
        return self

    def __getitem__(self, place):
        rows, column = place
        assert rows == slice(None)
        return list(self.data.values())[column]


class Dataset:
    """Rows in an order of its own, which only its own methods know."""

    def __init__(self, table):
        self.table = table

    def __len__(self):
        return self.table.num_rows

    def with_format(self, kind):
        assert kind == "arrow"
        return self

    def select_columns(self, names):
        return Dataset(self.table.select(names))

    def __getitem__(self, rows):
        return self.table[rows]


class Splits(dict):
    def with_format(self, kind):
        raise AssertionError


class Streaming:
    def with_format(self, kind):
        raise AssertionError


OBJECTS = {"embedding": list(X), "label": list(Y), "meta": [{"k": 1}, 3] * (N // 2) + [3] * (N % 2)}


@pytest.mark.parametrize(
    "given",
    [
        (X, Y),
        ((X, Y),),
        (X.tolist(), Y.tolist()),
        (list(X), tuple(Y)),
        ([row.tolist() for row in X], Y.astype(object)),
        (np.array([*X, None], dtype=object)[:N], Y),
        (np.ma.masked_array(X, mask=False), np.ma.masked_array(Y, mask=False)),
        (Tensor(X), Y),
        (Tensor(X, dtype="torch.bfloat16"), Y.astype("S3")),
        ([Tensor(row) for row in X], Y),
        (OnDevice(X), ArrayOnly(Y)),
        (ArrayOnly(X), Y.astype(np.dtypes.StringDType())),
        (np.asfortranarray(X), Y),
        (X.astype(">f4"), Y),
        (TABLE,),
        (TABLE.to_batches()[0],),
        (TABLE.to_reader(max_chunksize=9),),
        (ds.dataset(TABLE),),
        (TABLE["embedding"], TABLE["label"]),
        (pa.chunked_array([LISTS[:9], LISTS[9:]]), TABLE["label"].dictionary_encode()),
        (LISTS.cast(pa.list_(pa.float32())), pa.array(Y, pa.large_string())),
        (Frame(TABLE),),
        (Frame(TABLE.set_column(1, "label", pa.array(Y, pa.string_view()))),),
        (Frame(TABLE.rename_columns(["embeddings", "labels", "split"])),),
        (Lazy(),),
        (ByPosition(OBJECTS),),
        (ByPosition({**OBJECTS, "embedding": [Tensor(row) for row in X]}),),
        (Dataset(TABLE),),
    ],
    ids=lambda given: "-".join(type(one).__name__ for one in given),
)
def test_other_ways_to_hold_the_same_data(given):
    assert_same(evaluate(*given, epsilon=0.2))


def test_all_functions_take_them(tmp_path):
    frame, pair = Frame(TABLE), (Tensor(X), Y.tolist())
    counts = opiscli.count(frame)
    assert_same(evaluate(counts, epsilon=0.2))
    assert_same(evaluate(frame, epsilon=0.2, save=tmp_path / "e.opis"))
    compared = opiscli.compare(frame, pair, TABLE, counts, far=(0.05, 0.2))
    assert {value.change.difference for value in compared.metrics[0].values[1:]} == {0.0}
    assert opiscli.inspect(frame, show=["split"], far=0.1).negatives[0].first.show["split"] in "ab"
    assert opiscli.calibrate(frame, far=0.1, eval=pair).operating_points
    assert opiscli.check(Tensor(X), Y, fail_if="recall@1<0.1").passed
    tuned = opiscli.finetune(frame, steps=2, far=(0.1, 0.3), val_fraction=0.5)
    expected = tuned.head.transform(X)
    for given in (TABLE, Tensor(X), X.tolist(), Dataset(TABLE)):
        np.testing.assert_array_equal(opiscli.project(given, tuned.head), expected)
    half = opiscli.project(frame, tuned.head, where=("split=b",))
    np.testing.assert_array_equal(half, expected[1::2])
    opiscli.Head(steps=2, far=(0.1, 0.3), val_fraction=0.5).fit(Tensor(X), Y.tolist())
    opiscli.write_report(frame, output=tmp_path / "r.html", far=(0.05, 0.2))


@pytest.mark.parametrize("given", [(TABLE,), (X, Y)])
def test_rows_and_columns_are_chosen_as_in_files(given):
    split = np.array(TABLE["split"])
    kept = (split == "a") & (Y != "c3")
    asked = {"where": "split=a", "exclude": ["label=c3"]}
    if len(given) == 2:
        asked["columns"] = {"split": split}
    chosen = evaluate(*given, **asked, epsilon=0.2)
    assert chosen.data.sha256 == evaluate(X[kept], Y[kept], epsilon=0.2).data.sha256
    wide = pa.table({**{f"d{k}": X[:, k] for k in range(DIMS)}, "kind": Y})
    assert_same(evaluate(wide, embedding_columns="d*", label_column="kind", epsilon=0.2))


def test_missing_labels_can_be_left_out_of_arrays():
    labels = np.where(NUMBERS == 3, None, Y)
    kept = NUMBERS != 3
    with_nan = [label or float("nan") for label in labels]
    for given in (
        labels,
        labels.tolist(),
        with_nan,
        np.ma.masked_array(Y, mask=~kept),
        pa.array(labels),
    ):
        chosen = evaluate(X, given, exclude="label=", epsilon=0.2)
        assert chosen.data.sha256 == evaluate(X[kept], Y[kept], epsilon=0.2).data.sha256


def with_value(values, row, value):
    changed = np.array([*values, None], dtype=object)[:-1]
    changed[row] = value
    return changed


@pytest.mark.parametrize(
    ("embeddings", "labels", "says"),
    [
        (X, with_value(Y, 3, None), "label in row 3 is None"),
        (X, with_value(Y, 3, float("nan")).tolist(), "label in row 3 is nan"),
        (X, with_value(Y, 3, np.ma.masked).tolist(), "label in row 3 is masked"),
        (X, with_value(Y, 3, np.datetime64("NaT")), "label in row 3 is NaT|None"),
        (X, np.where(NUMBERS[3] == NUMBERS, np.nan, NUMBERS), "label in row .* is nan"),
        (X, np.ma.masked_array(NUMBERS, mask=np.arange(N) == 3), "label in row 3 is masked"),
        (X, pa.array(with_value(Y, 3, None)), "label in row 3 is None"),
        (X, pa.array(with_value(NUMBERS, 3, None)), "label in row 3 is nan"),
        (X, with_value(Y, 3, 7), r"text \(row 0\) and whole numbers \(row 3\)"),
        (X, with_value(NUMBERS, 3, 2.0).tolist(), r"type float \(row 3\)"),
        (X, with_value(Y, 3, ["c1"]), r"type list \(row 3\)"),
        (X, NUMBERS.astype(float), r"float64.*\n.*labels.astype\(int\)"),
        (X, NUMBERS.astype("M8[D]"), r"datetime64.*\n.*labels.astype\(str\)"),
        (X, Y[:-1], f"{N} embeddings but {N - 1} labels"),
        (X, NUMBERS[:, None], r"ravel\(\)"),
        (
            np.ma.masked_array(X, mask=np.eye(N, DIMS, 2 - N // 2)),
            Y,
            "embedding in row .* is masked",
        ),
        (with_value(list(X), 2, None), Y, "embedding in row 2 is None"),
        (with_value(list(X), 2, X[2][:3]), Y, "row 2 has 3 dims, expected 8 dims as in row 0"),
        ([*X[:2].tolist(), [1.0, None], *X[3:].tolist()], Y, "row 2 has 2 dims"),
        ([*X[:2].tolist(), [1.0, None] * 4, *X[3:].tolist()], Y, "in row 2 is None"),
        (X[0], Y, r"shape \(8,\).*\n.*reshape\(-1, dims\)"),
        (X[:, None], Y, r"shape .*\n.*reshape\(len\(x\), -1\)"),
        (["[0.1, 0.2]"] * N, Y, r"row 0 is text: '\[0.1, 0.2\]'.*\n.*json.loads"),
        ((X * 9).astype(np.int64), Y, r"int64.*\n.*astype\(np.float32\)"),
        ((X * 9).astype(int).tolist(), Y, r"int64.*\n.*astype\(np.float32\)"),
        (Tensor((X > 0).astype("u1")), Y, r"uint8.*\n.*unpackbits"),
        (pa.array((X * 9).astype("i1").tolist(), pa.list_(pa.int8())), Y, "type int8"),
        (X > 0, Y, r"bool.*\n.*x \* 2.0 - 1"),
        ({"embedding": X}, Y, r"are a dict.*\n.*x\['embedding'\]"),
        (TABLE, Y, r"something else than numbers.*\n.*frame\['embedding'\]"),
        (object(), Y, "are a object, expected an array"),
        (None, Y, "are a NoneType, expected an array"),
        (with_value(list(X), 0, 3.0).tolist(), Y, r"row 1 has 8 dims, expected shape \(\)"),
        ([1.0] * N, Y, r"shape \(\d+,\)"),
    ],
)
def test_what_is_not_meant_is_refused(embeddings, labels, says):
    with pytest.raises(EmbeddingError, match=says):
        evaluate(embeddings, labels)


@pytest.mark.parametrize(
    ("given", "options", "says"),
    [
        ((X,), {}, "without labels"),
        (({"embedding": X, "label": Y},), {}, r"without labels.*\n.*x\['label'\]"),
        ((TABLE, "split"), {}, r"labels are 'split' beside a table.*\n.*label_column='split'"),
        ((TABLE,), {"columns": {"a": Y}}, "columns selects nothing here: a table"),
        ((X, Y), {"label_column": "a"}, "label_column selects nothing here: arrays"),
        ((Splits(train=TABLE, test=TABLE),), {}, r"of 2 splits: train, test.*\n.*\['train'\]"),
        ((Streaming(),), {}, "of type Streaming, which streams"),
        (("e.npy", Y), {}, "labels of e.npy were given as an array"),
    ],
)
def test_what_does_not_go_together(given, options, says):
    with pytest.raises(UsageError, match=says):
        evaluate(*given, **options)


def test_columns_without_a_type_are_named_where_they_are_needed():
    with pytest.raises(EmbeddingError, match="column 'meta' of the table holds Python objects"):
        evaluate(ByPosition(OBJECTS), label_column="meta")
    missing = with_value(Y, 3, float("nan")).tolist()
    with pytest.raises(EmbeddingError, match=r"label \(label\) in row 3 is null"):
        evaluate(ByPosition({**OBJECTS, "label": missing}))


def test_a_path_is_a_source(tmp_path):
    import pyarrow.parquet as pq

    pq.write_table(TABLE, tmp_path / "e.parquet")
    np.save(tmp_path / "x.npy", X)
    (tmp_path / "y.txt").write_text("\n".join(Y))
    for given in (
        (tmp_path / "e.parquet",),
        (str(tmp_path / "e.parquet"),),
        (tmp_path / "x.npy", tmp_path / "y.txt"),
        (X, tmp_path / "y.txt"),
        (X, str(tmp_path / "y.txt")),
    ):
        assert_same(evaluate(*given, epsilon=0.2))


def test_torch():
    torch = pytest.importorskip("torch")
    x = torch.from_numpy(X)
    for given in (
        (x, torch.from_numpy(NUMBERS)),
        (x.clone().requires_grad_(), [torch.tensor(number) for number in NUMBERS.tolist()]),
        (list(x.clone().requires_grad_()), NUMBERS),
        (x.double(), NUMBERS.tolist()),
        (x.T.contiguous().T, NUMBERS),
    ):
        result = evaluate(*given, epsilon=0.2)
        assert result.opis.value == pytest.approx(EXPECTED.opis.value, abs=1e-9)
    rounded = evaluate(x.bfloat16(), Y, epsilon=0.2)
    assert rounded.data.sha256 == evaluate(x.bfloat16().float(), Y, epsilon=0.2).data.sha256
    with pytest.raises(EmbeddingError, match=r"uint8.*\n.*unpackbits"):
        evaluate((x > 0).to(torch.uint8), Y)
    with pytest.raises(EmbeddingError, match="do not become a NumPy array"):
        evaluate(x.to_sparse(), Y)


def test_bfloat16_of_jax():
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    rounded = X.astype(bfloat16)
    result = evaluate(ArrayOnly(rounded), Y, epsilon=0.2)
    assert result.data.sha256 == evaluate(rounded.astype("f4"), Y, epsilon=0.2).data.sha256
    with pytest.raises(EmbeddingError, match=r"\(V2\).*\n.*x.view\(np.uint16\).*<< 16"):
        evaluate(rounded.view("V2"), Y)


def test_pandas():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(OBJECTS).sample(frac=1, random_state=0)
    for given in (
        (frame,),
        (frame["embedding"], frame["label"]),
        (frame["embedding"], frame["label"].astype("category")),
        (frame["embedding"], frame["label"].to_numpy()),
        (frame.assign(label=frame["label"].astype("category")),),
        (pd.DataFrame(X), Y),
        (pd.DataFrame(X), pd.Series(NUMBERS, dtype="Int64").astype("string").radd("c")),
    ):
        assert_same(evaluate(*given, epsilon=0.2))
    missing = frame["label"].copy()
    missing.iloc[5] = None
    for labels in (missing, missing.astype("string"), missing.astype("category")):
        with pytest.raises(EmbeddingError, match="label in row 5 is"):
            evaluate(frame["embedding"], labels)
    with pytest.raises(EmbeddingError, match=r"label \(label\) in row 5 is null"):
        evaluate(frame.assign(label=missing))
    with pytest.raises(EmbeddingError, match=r"same index in another order.*\n.*labels.loc"):
        evaluate(frame["embedding"].sort_index(), frame["label"])


def test_polars():
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"embedding": X.tolist(), "label": Y})
    arrays = frame.with_columns(
        pl.col("embedding").cast(pl.Array(pl.Float32, DIMS)), pl.col("label").cast(pl.Categorical)
    )
    for given in (
        (frame,),
        (frame.lazy(),),
        (arrays,),
        (frame["embedding"], frame["label"]),
        (arrays["embedding"], arrays["label"]),
        (pl.DataFrame(X), Y),
        (frame.with_columns(pl.Series("more", [object()] * N, dtype=pl.Object)),),
    ):
        assert_same(evaluate(*given, epsilon=0.2))
    with pytest.raises(EmbeddingError, match="label in row 0 is None"):
        evaluate(frame["embedding"], pl.Series([None, *Y[1:]]))


def test_datasets_of_hugging_face():
    datasets = pytest.importorskip("datasets")
    whole = datasets.Dataset.from_dict({"embedding": X.tolist(), "label": Y.tolist()})
    for given in (
        (whole,),
        (whole.shuffle(seed=1),),
        (whole.with_format("numpy"),),
        (whole["embedding"], whole["label"]),
    ):
        assert_same(evaluate(*given, epsilon=0.2))
    with pytest.raises(UsageError, match="of 2 splits: train, test"):
        evaluate(datasets.DatasetDict(train=whole, test=whole))
    with pytest.raises(UsageError, match="IterableDataset, which streams"):
        evaluate(whole.to_iterable_dataset())
