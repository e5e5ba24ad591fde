"""Converts the options of `opis finetune` and `Head` into training settings."""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from opiscli.errors import UsageError
from opiscli.heads import HeadKind
from opiscli.heads.initialisation import StartKind
from opiscli.settings.choice import choice
from opiscli.training.settings import DEFAULT_TCM, Margins, Objective, Optimiser, TrainingSettings

_CHOICES: dict[str, type[StrEnum]] = {
    "margins": Margins,
    "head": HeadKind,
    "start": StartKind,
    "optimiser": Optimiser,
    "objective": Objective,
}
_TCM_FIELDS = {
    "tcm_margin_pos": "margin_plus",
    "tcm_margin_neg": "margin_minus",
    "tcm_lambda_pos": "lambda_plus",
    "tcm_lambda_neg": "lambda_minus",
}
_RENAMED = {"lr": "learning_rate"}


def training_settings(options: Mapping[str, Any]) -> TrainingSettings:
    """Build training settings; options that are missing or ``None`` take their defaults.

    A margin that is given is fixed, and so is the other one.

    Parameters
    ----------
    options
        Parameters of `Head` by name, choices as text; those that do not decide what one
        training ends with are not among them.

    Raises
    ------
    UsageError
        If options are out of range or exclude each other.
    """
    given = {name: value for name, value in options.items() if value is not None}
    tcm_fields = {field: given.pop(name) for name, field in _TCM_FIELDS.items() if name in given}
    use_tcm = given.pop("tcm", True)
    loss_options = dict(given.pop("loss_options", {}))
    for name, kind in _CHOICES.items():
        if name in given:
            given[name] = choice(kind, f"--{name}", given[name])
    if "far" in given:
        given["far"] = tuple(given["far"])
    _refuse_conflicts(given, tcm_fields, use_tcm=use_tcm)
    if {"margin_plus", "margin_minus"} & set(tcm_fields):
        given["margins"] = Margins.FIXED
    fields = {_RENAMED.get(name, name): value for name, value in given.items()}
    return TrainingSettings(
        loss_options=tuple(sorted(loss_options.items())),
        tcm=replace(DEFAULT_TCM, **tcm_fields) if use_tcm else None,
        **fields,
    )


def _refuse_conflicts(
    given: Mapping[str, Any], tcm_fields: Mapping[str, float], *, use_tcm: bool
) -> None:
    if not use_tcm and (tcm_fields or "margins" in given):
        raise UsageError(
            "TCM options have no effect with --no-tcm", hint="Omit them, or omit --no-tcm."
        )
    if given.get("margins") is Margins.AUTO and {"margin_plus", "margin_minus"} & set(tcm_fields):
        raise UsageError(
            "--tcm-margin-pos and --tcm-margin-neg cannot be combined with --margins=auto",
            hint="Omit --margins, or omit the margins.",
        )
    if given.get("optimiser") is Optimiser.LBFGS and "lr" in given:
        raise UsageError(
            "--lr is for Adam; L-BFGS finds its step lengths by line search", hint="Omit --lr."
        )
    if given.get("head") is HeadKind.LINEAR and "decay" in given:
        raise UsageError(
            "--decay has no effect on a linear head, which cannot decay towards its initial map",
            hint="Omit --decay, or use --head-type=residual.",
        )
