"""Classifiers by their import path."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Mapping, Sequence
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

    Notes
    -----
    An import runs the module's code. What is there is called only if it is a class with the methods of a
    classifier, so no function is; Python's own modules, which have none, are not even imported.
    """
    where = f"config key `baseline.classifiers.{name}"
    module_path, _, class_name = path.rpartition(".")
    if module_path.partition(".")[0] in sys.stdlib_module_names:
        raise InquestError(
            f"{where}.class`",
            f"{path!r} is no classifier: Python's own library has none",
            "the import path of a classifier is allowed",
        )
    try:
        module = importlib.import_module(module_path)
    except (Exception, SystemExit) as error:  # a module may raise anything while it is imported
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
    if not (inspect.isclass(cls) and all(hasattr(cls, name) for name in ("fit", "predict", "get_params"))):
        raise InquestError(
            f"{where}.class`",
            f"{path!r} is no classifier",
            "a class that follows scikit-learn's conventions is allowed",
        )
    known = _parameters(cls)
    for key in params:
        if known and key not in known:
            raise InquestError(
                f"{where}.params`",
                f"{class_name} has no hyperparameter {key!r}{nearest(key, known)}",
                f"allowed: {listing(known, 40)}",
            )
    defaults = {key: value for key, value in {"random_state": seed, "n_jobs": 1}.items() if key in known}
    try:
        estimator = cls(**{**defaults, **params})
        if hasattr(estimator, "_parameter_constraints"):  # scikit-learn's own, that `fit` checks otherwise
            estimator._validate_params()
    except Exception as error:  # a constructor, too
        raise InquestError(
            f"{where}.params`", str(error), f"the parameters are {listing(known, 40)}"
        ) from None
    if not is_classifier(estimator):
        raise InquestError(
            f"{where}.class`", f"{path!r} is no classifier", "a regressor or transformer can't be used"
        )
    return estimator


def weigh_by_code(estimator: BaseEstimator, classes: Sequence[Any]) -> None:
    """Set the labels of a `class_weight`, of the estimator or of one inside it, to class codes.

    Raises
    ------
    InquestError
        For a label that is none of the classes.
    """
    for name, weights in estimator.get_params().items():
        if name.rpartition("__")[2] == "class_weight" and isinstance(weights, Mapping):
            for label in weights:
                if label not in classes:
                    raise InquestError(
                        f"`{name}` of {type(estimator).__name__}",
                        f"there is no label {label!r}{nearest(label, classes)}",
                        f"allowed: {listing(classes)}",
                    )
            estimator.set_params(**{name: {classes.index(label): weights[label] for label in weights}})


def _parameters(cls: type) -> list[str]:
    """Return what a class's constructor takes by name, with what its `**kwargs` hand to its parents."""
    found: set[str] = set()
    for base in cls.__mro__[:-1]:
        if "__init__" not in base.__dict__:
            continue
        own = list(inspect.signature(base.__init__).parameters.values())[1:]
        found |= {p.name for p in own if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
        if not any(p.kind is p.VAR_KEYWORD for p in own):
            break
    return sorted(found)
