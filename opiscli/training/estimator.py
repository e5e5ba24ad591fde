"""The scikit-learn estimator interface for a dataclass whose fields are its parameters."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Self

import numpy as np

from opiscli.errors import UsageError


class Estimator:
    """Mixin for a dataclass whose parameters can be read and changed by name."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name; ``deep`` has no effect."""
        return {name: getattr(self, name) for name in self.parameter_names()}

    def set_params(self, **params: Any) -> Self:  # noqa: ANN401
        """Change parameters; the fitted state is kept until the next ``fit``.

        Raises
        ------
        UsageError
            If there is no such parameter.
        """
        known = self.parameter_names()
        for name in params:
            if name not in known:
                raise UsageError(
                    f"there is no parameter {name!r}, expected one of: {', '.join(known)}",
                    hint=f"See help({type(self).__name__}).",
                )
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def changed_params(self) -> dict[str, Any]:
        """Return the parameters that differ from their defaults."""
        defaults = type(self)().get_params()
        return {name: v for name, v in self.get_params().items() if v != defaults[name]}

    @classmethod
    def parameter_names(cls) -> list[str]:
        """Return the names of the constructor's parameters."""
        return [field.name for field in fields(cls) if field.init]  # type: ignore[arg-type]

    def __repr__(self) -> str:
        changed = (f"{name}={value!r}" for name, value in self.changed_params().items())
        return f"{type(self).__name__}({', '.join(changed)})"

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401
        # Only scikit-learn asks, so it is installed.
        from sklearn.utils import Tags, TargetTags, TransformerTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=True),
            transformer_tags=TransformerTags(),
        )


def as_json(value: object) -> object:
    """A parameter as a plain value that can be saved."""
    if isinstance(value, Mapping):
        return {name: as_json(entry) for name, entry in value.items()}
    if isinstance(value, tuple | list):
        return [as_json(entry) for entry in value]
    return value.item() if isinstance(value, np.generic) else value


def from_json(value: Any) -> Any:  # noqa: ANN401
    """A parameter from a plain value that was saved."""
    return tuple(value) if isinstance(value, list) else value
