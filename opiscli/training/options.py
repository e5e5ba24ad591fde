"""Converts the options of `opis finetune` and `Head` into training settings."""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from opiscli.errors import UsageError
from opiscli.heads import HeadKind
from opiscli.heads.initialisation import StartKind
from opiscli.settings.choice import choice
from opiscli.training.settings import (
    DEFAULT_TCM,
    Choose,
    Margins,
    Objective,
    Optimiser,
    TrainingSettings,
)

_CHOICES: dict[str, type[StrEnum]] = {
    "margins": Margins,
    "head": HeadKind,
    "start": StartKind,
    "optimiser": Optimiser,
    "objective": Objective,
    "choose": Choose,
}
_TCM_FIELDS = {
    "tcm_margin_pos": "margin_plus",
    "tcm_margin_neg": "margin_minus",
    "tcm_lambda_pos": "lambda_plus",
    "tcm_lambda_neg": "lambda_minus",
}
_RENAMED = {"lr": "learning_rate"}


def training_settings(options: Mapping[str, Any], *, val_given: bool = False) -> TrainingSettings:
    """Build training settings; options that are missing or ``None`` take their defaults.

    A margin that is given is fixed, and so is the other one. A head is chosen on validation
    classes if these, their share or several trials are asked for.

    Parameters
    ----------
    options
        Parameters of `Head` by name, choices as text, without ``threads``.
    val_given
        Whether there are validation items of their own.

    Raises
    ------
    UsageError
        If options are out of range or exclude each other.
    """
    given = {name: value for name, value in options.items() if value is not None}
    tcm_fields = {field: given.pop(name) for name, field in _TCM_FIELDS.items() if name in given}
    use_tcm = given.pop("tcm", True)
    tunes = given.pop("tune", 1) != 1
    loss_options = dict(given.pop("loss_options", {}))
    for name, kind in _CHOICES.items():
        if name in given:
            given[name] = choice(kind, f"--{name}", given[name])
    if "far" in given:
        given["far"] = tuple(given["far"])
    _refuse_conflicts(given, tcm_fields, use_tcm=use_tcm)
    if {"margin_plus", "margin_minus"} & set(tcm_fields):
        given["margins"] = Margins.FIXED
    given["choose"] = _choose(given, val_given=val_given, tunes=tunes)
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


def _choose(given: Mapping[str, Any], *, val_given: bool, tunes: bool) -> Choose:
    """On which classes a head is chosen, as the options imply it.

    Raises
    ------
    UsageError
        If they contradict each other.
    """
    needs_validation = [
        option
        for option, is_given in (
            ("--val", val_given),
            ("--val-fraction", "val_fraction" in given),
            ("--tune", tunes),
        )
        if is_given
    ]
    asked: Choose | None = given.get("choose")
    if asked is Choose.CROSS_VALIDATION and needs_validation:
        raise UsageError(
            f"{needs_validation[0]} selects a head on validation classes, which"
            " --choose=cross-validation does not have",
            hint=f"Omit --choose, or omit {needs_validation[0]}.",
        )
    chosen = asked or (Choose.VALIDATION if needs_validation else Choose.CROSS_VALIDATION)
    for option in ("--careful", "--at-far"):
        if chosen is Choose.VALIDATION and given.get(option[2:].replace("-", "_")):
            raise UsageError(
                f"{option} is for cross-validation, but this head is selected on validation"
                " classes",
                hint=f"Omit {option}, or omit {(needs_validation or ['--choose'])[0]}.",
            )
    return chosen
