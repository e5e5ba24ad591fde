"""The vector engines that a threshold can be written for, each as its documentation defines it.

Every entry names the page that its unit and its direction were checked against; `docs/engines.md`
shows this table, and which engines were run.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from opiscli.errors import UsageError
from opiscli.results.engine import EngineThreshold
from opiscli.thresholds import engine_units as unit
from opiscli.thresholds.engine_units import EngineUnit


@dataclass(frozen=True, slots=True)
class Engine:
    """One metric of one engine.

    Parameters
    ----------
    name
        Of the engine and the metric, as ``--for`` takes it.
    unit
        What it measures.
    comparison
        The condition as it is written for the engine, with ``{}`` for the value.
    source
        Page that documents the unit.
    any_length
        Whether the engine divides by the lengths of vectors; otherwise they must be one.
    """

    name: str
    unit: EngineUnit
    comparison: str
    source: str
    any_length: bool = False

    def threshold(self, cosine_distance: float) -> EngineThreshold:
        """What this engine accepts up to a cosine distance, in [0, 2]."""
        value = self.unit.rounded(cosine_distance)
        return EngineThreshold(
            engine=self.name,
            unit=self.unit.name,
            formula=self.unit.formula,
            accept=self.unit.accept,
            value=float(value),
            comparison=self.comparison.replace("{}", f"{value:f}"),
            normalize=not self.any_length,
            source=self.source,
        )


# Inner products are similarities ("when the vectors are normalized"), L2 distances are squared.
_FAISS = "https://github.com/facebookresearch/faiss/wiki/MetricType-and-distances"
# <=> cosine distance, <-> L2 distance, <#> negative inner product.
_PGVECTOR = "https://github.com/pgvector/pgvector#querying"
# Results with a score worse than score_threshold are left out; Cosine normalises on upload.
_QDRANT = "https://qdrant.tech/documentation/concepts/search/"
# L2: "only calculates the value before applying the square root"; COSINE is the similarity.
_MILVUS = "https://milvus.io/docs/metric.md"
# cosine and dot_product (1 + s) / 2, l2_norm 1 / (1 + d²), max_inner_product 1 + s or 1 / (1 − s).
_ELASTICSEARCH = (
    "https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/dense-vector"
)
# l2 1 / (1 + d²), cosinesimil (2 − d) / 2 with d = 1 − s, innerproduct 1 + s or 1 / (1 − s).
_OPENSEARCH = "https://docs.opensearch.org/latest/mappings/supported-field-types/knn-spaces/"
# 1 / (2 − s) with nmslib and faiss until 2.18; all engines alike from 2.19 on.
_OPENSEARCH_BEFORE = "https://github.com/opensearch-project/k-NN/issues/2319"
# l2 is squared, ip and cosine are 1 − s.
_CHROMA = "https://docs.trychroma.com/docs/collections/configure"
# cosine 1 − s, dot −s, l2-squared; certainty = 1 − distance / 2, for cosine only.
_WEAVIATE = "https://docs.weaviate.io/weaviate/config-refs/distances"
# l2 is squared, cosine and dot are 1 − s.
_LANCEDB = "https://lancedb.com/docs/search/vector-search/"
# COSINE and IP are 1 − s; of L2 the documentation shows a square root that is not taken:
# https://github.com/RediSearch/RediSearch/issues/3416
_REDIS = "https://redis.io/docs/latest/develop/ai/search-and-query/vectors/"
# euclidean: "a similarity score equal to the squared Euclidean distance".
_PINECONE = "https://docs.pinecone.io/guides/index-data/indexing-overview"
# (1 + cosine) / 2, (1 + dotProduct) / 2, 1 / (1 + euclidean).
_MONGODB = "https://www.mongodb.com/docs/atlas/atlas-vector-search/vector-search-stage/"
# "@search.score is defined as 1 / (1 + cosine_distance)".
_AZURE = "https://learn.microsoft.com/en-us/azure/search/vector-search-ranking"
# closeness is 1 / (1 + distance): angular the angle, prenormalized-angular 1 − s; dotproduct s.
_VESPA = "https://docs.vespa.ai/en/reference/schemas/schemas.html#distance-metric"
# l2 squared, ip and cosine 1 − s.
_HNSWLIB = "https://github.com/nmslib/hnswlib#supported-distances"
_SQLITE_VEC = "https://alexgarcia.xyz/sqlite-vec/api-reference.html#distance"
_DUCKDB = "https://duckdb.org/docs/stable/sql/functions/array.html"

ENGINES = (
    Engine("faiss-ip", unit.INNER_PRODUCT, "distances >= {}", _FAISS),
    Engine("faiss-l2", unit.SQUARED_L2, "distances <= {}", _FAISS),
    Engine(
        "pgvector-cosine", unit.COSINE_DISTANCE, "WHERE a <=> b <= {}", _PGVECTOR, any_length=True
    ),
    Engine("pgvector-l2", unit.L2_DISTANCE, "WHERE a <-> b <= {}", _PGVECTOR),
    Engine("pgvector-ip", unit.NEGATIVE_INNER_PRODUCT, "WHERE a <#> b <= {}", _PGVECTOR),
    Engine("qdrant-cosine", unit.SIMILARITY, "score_threshold={}", _QDRANT, any_length=True),
    Engine("qdrant-dot", unit.INNER_PRODUCT, "score_threshold={}", _QDRANT),
    Engine("qdrant-euclid", unit.L2_DISTANCE, "score_threshold={}", _QDRANT),
    Engine("milvus-cosine", unit.SIMILARITY, "distance >= {}", _MILVUS, any_length=True),
    Engine("milvus-ip", unit.INNER_PRODUCT, "distance >= {}", _MILVUS),
    Engine("milvus-l2", unit.SQUARED_L2, "distance <= {}", _MILVUS),
    Engine(
        "elasticsearch-cosine",
        unit.HALVED_SCORE,
        '"min_score": {}',
        _ELASTICSEARCH,
        any_length=True,
    ),
    Engine("elasticsearch-dot-product", unit.HALVED_SCORE, '"min_score": {}', _ELASTICSEARCH),
    Engine("elasticsearch-l2-norm", unit.SCORE_OF_SQUARED_L2, '"min_score": {}', _ELASTICSEARCH),
    Engine(
        "elasticsearch-max-inner-product",
        unit.SHIFTED_INNER_PRODUCT,
        '"min_score": {}',
        _ELASTICSEARCH,
    ),
    Engine(
        "opensearch-cosinesimil", unit.HALVED_SCORE, '"min_score": {}', _OPENSEARCH, any_length=True
    ),
    Engine(
        "opensearch-cosinesimil-before-2.19",
        unit.SCORE_OF_COSINE_DISTANCE,
        '"min_score": {}',
        _OPENSEARCH_BEFORE,
        any_length=True,
    ),
    Engine("opensearch-l2", unit.SCORE_OF_SQUARED_L2, '"min_score": {}', _OPENSEARCH),
    Engine("opensearch-innerproduct", unit.SHIFTED_INNER_PRODUCT, '"min_score": {}', _OPENSEARCH),
    Engine("chroma-cosine", unit.COSINE_DISTANCE, "distances <= {}", _CHROMA, any_length=True),
    Engine("chroma-l2", unit.SQUARED_L2, "distances <= {}", _CHROMA),
    Engine("chroma-ip", unit.INNER_PRODUCT_DISTANCE, "distances <= {}", _CHROMA),
    Engine("weaviate-cosine", unit.COSINE_DISTANCE, "distance={}", _WEAVIATE, any_length=True),
    Engine("weaviate-certainty", unit.CERTAINTY, "certainty={}", _WEAVIATE, any_length=True),
    Engine("weaviate-dot", unit.NEGATIVE_INNER_PRODUCT, "distance={}", _WEAVIATE),
    Engine("weaviate-l2-squared", unit.SQUARED_L2, "distance={}", _WEAVIATE),
    Engine("lancedb-cosine", unit.COSINE_DISTANCE, "_distance <= {}", _LANCEDB, any_length=True),
    Engine("lancedb-l2", unit.SQUARED_L2, "_distance <= {}", _LANCEDB),
    Engine("lancedb-dot", unit.INNER_PRODUCT_DISTANCE, "_distance <= {}", _LANCEDB),
    Engine(
        "redis-cosine",
        unit.COSINE_DISTANCE,
        "@vector:[VECTOR_RANGE {} $query]",
        _REDIS,
        any_length=True,
    ),
    Engine("redis-l2", unit.SQUARED_L2, "@vector:[VECTOR_RANGE {} $query]", _REDIS),
    Engine("redis-ip", unit.INNER_PRODUCT_DISTANCE, "@vector:[VECTOR_RANGE {} $query]", _REDIS),
    Engine("pinecone-cosine", unit.SIMILARITY, "score >= {}", _PINECONE, any_length=True),
    Engine("pinecone-dotproduct", unit.INNER_PRODUCT, "score >= {}", _PINECONE),
    Engine("pinecone-euclidean", unit.SQUARED_L2, "score <= {}", _PINECONE),
    Engine(
        "mongodb-cosine",
        unit.HALVED_SCORE,
        '{"$match": {"score": {"$gte": {}}}}',
        _MONGODB,
        any_length=True,
    ),
    Engine(
        "mongodb-dotproduct", unit.HALVED_SCORE, '{"$match": {"score": {"$gte": {}}}}', _MONGODB
    ),
    Engine("mongodb-euclidean", unit.SCORE_OF_L2, '{"$match": {"score": {"$gte": {}}}}', _MONGODB),
    Engine(
        "azure-search",
        unit.SCORE_OF_COSINE_DISTANCE,
        "@search.score >= {}",
        _AZURE,
        any_length=True,
    ),
    Engine("vespa-angular", unit.SCORE_OF_ANGLE, "closeness >= {}", _VESPA, any_length=True),
    Engine("vespa-prenormalized-angular", unit.SCORE_OF_COSINE_DISTANCE, "closeness >= {}", _VESPA),
    Engine("vespa-dotproduct", unit.INNER_PRODUCT, "closeness >= {}", _VESPA),
    Engine("vespa-euclidean", unit.SCORE_OF_L2, "closeness >= {}", _VESPA),
    Engine("hnswlib-cosine", unit.COSINE_DISTANCE, "distances <= {}", _HNSWLIB, any_length=True),
    Engine("hnswlib-ip", unit.INNER_PRODUCT_DISTANCE, "distances <= {}", _HNSWLIB),
    Engine("hnswlib-l2", unit.SQUARED_L2, "distances <= {}", _HNSWLIB),
    Engine(
        "sqlite-vec-cosine",
        unit.COSINE_DISTANCE,
        "WHERE vec_distance_cosine(a, b) <= {}",
        _SQLITE_VEC,
        any_length=True,
    ),
    Engine("sqlite-vec-l2", unit.L2_DISTANCE, "WHERE vec_distance_l2(a, b) <= {}", _SQLITE_VEC),
    Engine(
        "duckdb-cosine-similarity",
        unit.SIMILARITY,
        "WHERE array_cosine_similarity(a, b) >= {}",
        _DUCKDB,
        any_length=True,
    ),
    Engine(
        "duckdb-cosine-distance",
        unit.COSINE_DISTANCE,
        "WHERE array_cosine_distance(a, b) <= {}",
        _DUCKDB,
        any_length=True,
    ),
    Engine("duckdb-l2", unit.L2_DISTANCE, "WHERE array_distance(a, b) <= {}", _DUCKDB),
    Engine("duckdb-ip", unit.INNER_PRODUCT, "WHERE array_inner_product(a, b) >= {}", _DUCKDB),
    Engine(
        "duckdb-negative-ip",
        unit.NEGATIVE_INNER_PRODUCT,
        "WHERE array_negative_inner_product(a, b) <= {}",
        _DUCKDB,
    ),
)


def find_engines(names: Iterable[str]) -> tuple[Engine, ...]:
    """Engines by name, each once; the name of an engine without a metric means all its metrics.

    Raises
    ------
    UsageError
        If there is none of that name, with the closest that there are.
    """
    found: dict[Engine, None] = {}
    for name in names:
        asked = name.strip().lower().replace("_", "-")
        exact = [engine for engine in ENGINES if engine.name == asked]
        chosen = exact or [engine for engine in ENGINES if engine.name.startswith(f"{asked}-")]
        if not chosen:
            raise _unknown(name, asked)
        found.update(dict.fromkeys(chosen))
    return tuple(found)


def _unknown(name: str, asked: str) -> UsageError:
    known = [engine.name for engine in ENGINES]
    products = list(dict.fromkeys(_product(one) for one in known))
    start = asked.partition("-")[0]
    close = get_close_matches(asked, known, n=3, cutoff=0.5)
    close += [one for one in known if _product(one) in get_close_matches(start, products)]
    return UsageError(
        f"--for is {name!r}, which is not the name of an engine; the closest are:"
        f" {', '.join(dict.fromkeys(close or products))}",
        hint="All names are in docs/engines.md; the name alone, such as --for=pgvector, shows all"
        " metrics of an engine.",
    )


def _product(name: str) -> str:
    return "sqlite-vec" if name.startswith("sqlite-vec") else name.partition("-")[0]
