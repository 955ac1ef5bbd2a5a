"""Classifiers by their import path."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from typing import Any

from sklearn.base import BaseEstimator, is_classifier

from inquest.errors import InquestError, listing, nearest


def build_classifier(name: str, path: str, params: Mapping[str, Any], seed: int) -> BaseEstimator:
    """Return an unfitted classifier.

    Parameters
    ----------
    name : str
        What the config calls it; named in error messages.
    path : str
        Import path of the class, such as ``sklearn.ensemble.RandomForestClassifier``.
    params : mapping
        Hyperparameters. Unless given, `random_state` is ``seed`` and `n_jobs` is 1, so that a fit does not
        depend on the number of cores.
    seed : int

    Raises
    ------
    InquestError
        If the path leads to no classifier, or a hyperparameter is unknown to it.
    """
    where = f"config key `baseline.classifiers.{name}"
    module_path, _, class_name = path.rpartition(".")
    try:
        module = importlib.import_module(module_path)
    except ImportError as error:
        raise InquestError(
            f"{where}.class`",
            f"{path!r} can't be imported ({error})",
            "the import path of a classifier is allowed",
        ) from None
    cls = getattr(module, class_name, None)
    if cls is None:
        raise InquestError(
            f"{where}.class`",
            f"{module_path} has no {class_name!r}{nearest(class_name, dir(module))}",
            "the import path of a classifier is allowed",
        )
    if not (
        inspect.isclass(cls)
        and hasattr(cls, "fit")
        and hasattr(cls, "predict")
        and hasattr(cls, "get_params")
    ):
        raise InquestError(
            f"{where}.class`",
            f"{path!r} is no classifier",
            "a class that follows scikit-learn's conventions is allowed",
        )
    known = [p for p in inspect.signature(cls).parameters if p != "kwargs"]
    takes_any = any(p.kind is p.VAR_KEYWORD for p in inspect.signature(cls).parameters.values())
    known = sorted({*known, *_inherited_parameters(cls)})
    for key in params:
        if key not in known and not (takes_any and not known):
            raise InquestError(
                f"{where}.params`",
                f"{class_name} has no hyperparameter {key!r}{nearest(key, known)}",
                f"allowed: {listing(known, 40)}",
            )
    defaults = {key: value for key, value in {"random_state": seed, "n_jobs": 1}.items() if key in known}
    try:
        estimator = cls(**{**defaults, **params})
    except TypeError as error:
        raise InquestError(f"{where}.params`", str(error), f"allowed: {listing(known, 40)}") from None
    if not is_classifier(estimator):
        raise InquestError(
            f"{where}.class`", f"{path!r} is no classifier", "a regressor or transformer can't be used"
        )
    return estimator


def _inherited_parameters(cls: type) -> set[str]:
    """Return the named parameters of the constructors that a class inherits (XGBoost hides its own in `**kwargs`)."""
    found: set[str] = set()
    for base in cls.__mro__:
        init = base.__dict__.get("__init__")
        if init is None or base is object:
            continue
        for p in list(inspect.signature(init).parameters.values())[1:]:
            if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY):
                found.add(p.name)
    return found
