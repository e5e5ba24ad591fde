"""Writes loss_oracle.npz: values and gradients of the losses from pytorch-metric-learning.

Run once, with torch 2.13.0 and pytorch-metric-learning 2.9.0 installed; opis needs neither:

    python tests/oracles/make_loss_oracle.py

All in float64. Gradients are with respect to embeddings that are not of length one, so they go
through the normalisation too, and to the proxies. Two losses are not in that package and are
written out with loops: Recall@k from equation 7 of arXiv:2108.11179, and USS from arXiv:2311.02523,
whose threshold is searched for on ever finer grids. torch differentiates them.
"""

from pathlib import Path

import numpy as np
import pytorch_metric_learning
import torch
from pytorch_metric_learning import losses, miners

N_CLASSES, DIMS = 6, 12
rng = np.random.default_rng(7)
arrays = {
    "versions": np.array(
        [
            f"torch {torch.__version__}",
            f"pytorch-metric-learning {pytorch_metric_learning.__version__}",
        ]
    ),
    # Classes of different sizes, one of a single item; and four classes of four, because that
    # package's Smooth-AP is right only for as many classes as there are items in each.
    "uneven_codes": np.array([0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 5, 5, 5, 5, 5]),
    "square_codes": np.repeat(np.arange(4), 4),
}
centres = rng.normal(size=(N_CLASSES, DIMS))
for name in ("uneven", "square"):
    codes = arrays[f"{name}_codes"]
    arrays[f"{name}_embeddings"] = centres[codes] + 0.8 * rng.normal(size=(len(codes), DIMS))
arrays["proxies"] = centres + rng.normal(size=(N_CLASSES, DIMS))


def recall_at_k(embeddings, codes, ks=(1, 2, 4, 8, 16), tau1=1.0, tau2=0.01):
    unit = torch.nn.functional.normalize(embeddings)
    s, n = unit @ unit.T, len(codes)
    of_query = []
    for q in range(n):
        matches = [x for x in range(n) if x != q and codes[x] == codes[q]]
        if not matches:
            continue
        for k in ks:
            recall = 0
            for x in matches:
                rank = 1
                for z in range(n):
                    if z not in (q, x):
                        rank = rank + torch.sigmoid((s[q, z] - s[q, x]) / tau2)
                recall = recall + torch.sigmoid((k - rank) / tau1)
            of_query.append(1 - recall / len(matches))
    return torch.stack(of_query).mean()


def uss(embeddings, codes, gamma=20.0):
    unit = torch.nn.functional.normalize(embeddings)
    s, n = unit @ unit.T, len(codes)

    def at(b):
        of_anchor = []
        for i in range(n):
            own = [s[i, j] for j in range(n) if j != i and codes[j] == codes[i]]
            others = [s[i, j] for j in range(n) if codes[j] != codes[i]]
            if own:
                far = sum(torch.log(1 + torch.exp(b - gamma * p)) for p in own) / len(own)
                near = torch.log(1 + sum(torch.exp(gamma * q - b) for q in others))
                of_anchor.append(far + near)
        return sum(of_anchor) / len(of_anchor)

    lo, hi = -2 * gamma, 2 * gamma
    with torch.no_grad():
        while hi - lo > 1e-11 * gamma:
            grid = torch.linspace(lo, hi, 9, dtype=torch.float64)
            best = int(torch.stack([at(b) for b in grid]).argmin())
            lo, hi = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, 8)])
    return at((lo + hi) / 2)


def semi_hard(margin):
    miner = miners.TripletMarginMiner(margin=margin, type_of_triplets="semihard")
    loss = losses.TripletMarginLoss(margin=margin)
    return lambda x, y: loss(x, y, miner(x, y))


def with_proxies(kind, **options):
    loss = kind(num_classes=N_CLASSES, embedding_size=DIMS, **options).double()
    weights = loss.W if hasattr(loss, "W") else loss.proxies
    start = torch.from_numpy(arrays["proxies"])
    weights.data = (start.T if hasattr(loss, "W") else start).clone()
    return loss, weights


def record(name, batch, loss, weights=None):
    x = torch.from_numpy(arrays[f"{batch}_embeddings"]).clone().requires_grad_()
    value = loss(x, torch.from_numpy(arrays[f"{batch}_codes"]))
    value.backward()
    arrays[f"{name}|value"] = np.array(value.item())
    arrays[f"{name}|embeddings"] = x.grad.numpy()
    if weights is not None:
        gradient = weights.grad.numpy()
        arrays[f"{name}|proxies"] = gradient if gradient.shape[1] == DIMS else gradient.T


record("contrastive", "uneven", losses.ContrastiveLoss())
record("contrastive pos_margin=0.3 neg_margin=1.2", "uneven", losses.ContrastiveLoss(0.3, 1.2))
record("triplet", "uneven", semi_hard(0.05))
record("triplet margin=0.3", "uneven", semi_hard(0.3))
record("multi-similarity", "uneven", losses.MultiSimilarityLoss())
record(
    "multi-similarity alpha=3.0 beta=20.0 base=0.4",
    "uneven",
    losses.MultiSimilarityLoss(3, 20, 0.4),
)
record("supcon", "uneven", losses.SupConLoss())
record("supcon temperature=0.3", "uneven", losses.SupConLoss(0.3))
record("smooth-ap", "square", losses.SmoothAPLoss())
record("smooth-ap temperature=0.1", "square", losses.SmoothAPLoss(0.1))
record("recall-at-k", "uneven", recall_at_k)
record("recall-at-k similarity_temperature=0.1", "uneven", lambda x, y: recall_at_k(x, y, tau2=0.1))
record("uss", "uneven", uss)
record("uss gamma=64.0", "uneven", lambda x, y: uss(x, y, gamma=64.0))
record("arcface", "uneven", *with_proxies(losses.ArcFaceLoss))
record(
    "arcface margin=60.0 scale=8.0", "uneven", *with_proxies(losses.ArcFaceLoss, margin=60, scale=8)
)
record(
    "arcface margin=170.0 scale=8.0",
    "uneven",
    *with_proxies(losses.ArcFaceLoss, margin=170, scale=8),
)
record("cosface", "uneven", *with_proxies(losses.CosFaceLoss))
record(
    "cosface margin=0.1 scale=8.0", "uneven", *with_proxies(losses.CosFaceLoss, margin=0.1, scale=8)
)
record("normalized-softmax", "uneven", *with_proxies(losses.NormalizedSoftmaxLoss))
record("proxy-anchor", "square", *with_proxies(losses.ProxyAnchorLoss))
record(
    "proxy-anchor margin=0.2 alpha=8.0",
    "square",
    *with_proxies(losses.ProxyAnchorLoss, margin=0.2, alpha=8),
)
record("proxy-nca", "uneven", *with_proxies(losses.ProxyNCALoss))
record("proxy-nca softmax_scale=4.0", "uneven", *with_proxies(losses.ProxyNCALoss, softmax_scale=4))

TCM = losses.ThresholdConsistentMarginLoss
record("tcm", "uneven", TCM())
record(
    "tcm lambda_plus=2.0 lambda_minus=0.5 margin_plus=0.7 margin_minus=0.2",
    "uneven",
    TCM(2.0, 0.5, 0.7, 0.2),
)
record("tcm margin_plus=-1.0 margin_minus=0.3", "uneven", TCM(margin_plus=-1.0, margin_minus=0.3))
record("tcm margin_plus=0.8 margin_minus=1.0", "uneven", TCM(margin_plus=0.8, margin_minus=1.0))

np.savez_compressed(Path(__file__).with_name("loss_oracle.npz"), **arrays)
