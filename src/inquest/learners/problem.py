"""The learning problem that every chapter shares: features and labels of the training and the test rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, RobustScaler, StandardScaler

from inquest.data.tables import ROW
from inquest.errors import InquestError
from inquest.learners.families import family_of
from inquest.learners.retraining import TOLERANCE, RetrainingUtility

PART, CODE = "part", "code"
FEATURE, COLUMN = "feature:", "column:"  # set before the names of preprocessed features, and of raw ones
DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class Problem:
    """Training and test rows as arrays, with row ids.

    Attributes
    ----------
    X, X_test : ndarray or DataFrame, shapes (n, d) and (m, d)
        Preprocessed features, or the raw ones if preprocessing is refitted with the classifier.
    y, y_test : ndarray of int
        Class codes into ``classes``.
    rows, test_rows : ndarray of int
        Row ids of the clean table.
    classes : list of str
        With two classes, the last is the positive one.
    """

    X: NDArray | pd.DataFrame
    y: NDArray[np.intp]
    X_test: NDArray | pd.DataFrame
    y_test: NDArray[np.intp]
    rows: NDArray[np.int64]
    test_rows: NDArray[np.int64]
    classes: list[str]

    @classmethod
    def from_table(cls, table: pd.DataFrame, classes: Sequence[str]) -> Problem:
        """Read the table that `prepare` made; preprocessed features give plain arrays."""
        features = table.drop(columns=[ROW, PART, CODE])
        train, test = (table[PART] == "train").to_numpy(), (table[PART] == "test").to_numpy()
        X = features if any(name.startswith(COLUMN) for name in features) else features.to_numpy()
        code, row = table[CODE].to_numpy(np.intp), table[ROW].to_numpy()
        return cls(X[train], code[train], X[test], code[test], row[train], row[test], list(classes))

    def utility(
        self,
        estimator: BaseEstimator,
        metric: str,
        metrics: Sequence[str] = (),
        tolerance: float = TOLERANCE,
    ) -> RetrainingUtility:
        """Return the utility of this problem's training rows, in the classifier's fastest exact family."""
        return family_of(estimator, self.X)(
            estimator,
            self.X,
            self.y,
            self.X_test,
            self.y_test,
            n_classes=len(self.classes),
            metric=metric,
            metrics=metrics,
            tolerance=tolerance,
        )


def preprocessor(types: Mapping[str, str], options: Mapping[str, Any]) -> ColumnTransformer:
    """Return the unfitted transformer from the clean table's features to numbers.

    Numbers are imputed and scaled, dates become days since 1970 and then numbers, categories are imputed
    and one-hot encoded; categories unseen in training count as the rare ones, or as none.

    Parameters
    ----------
    types : mapping of str to str
        `numeric`, `categorical` or `datetime` for each feature.
    options : mapping
        The config's `baseline.preprocessing`.
    """
    scalers = {"standard": StandardScaler, "robust": RobustScaler, "none": FunctionTransformer}

    def number(*before):
        return make_pipeline(
            *before,
            SimpleImputer(strategy=options["numeric_missing"], keep_empty_features=True),
            scalers[options["scale"]](
                **({"feature_names_out": "one-to-one"} if options["scale"] == "none" else {})
            ),
        )

    if options["categorical_missing"] == "category":
        impute = SimpleImputer(
            strategy="constant", fill_value="(missing)", missing_values=None, keep_empty_features=True
        )
    else:  # a column without any value in training has no most frequent one, and is left out
        impute = SimpleImputer(strategy="most_frequent", missing_values=None)
    category = make_pipeline(
        FunctionTransformer(_as_objects, feature_names_out="one-to-one"),
        impute,
        OneHotEncoder(
            max_categories=options["max_categories"],
            handle_unknown="infrequent_if_exist",
            sparse_output=False,
        ),
    )
    columns = {
        kind: [name for name, t in types.items() if t == kind]
        for kind in ("numeric", "datetime", "categorical")
    }
    days = FunctionTransformer(_as_days, feature_names_out="one-to-one")
    return ColumnTransformer(
        [
            ("numeric", number(), columns["numeric"]),
            ("datetime", number(days), columns["datetime"]),
            ("categorical", category, columns["categorical"]),
        ]
    ).set_output(transform="default")


def _as_objects(table: pd.DataFrame) -> pd.DataFrame:
    return table.astype(object).where(table.notna(), None)


def _as_days(table: pd.DataFrame) -> pd.DataFrame:
    return table.apply(lambda column: (column - pd.Timestamp(0)) / DAY)


def prepare(
    table: pd.DataFrame,
    parts: pd.DataFrame,
    label: str,
    classes: Sequence[str],
    types: Mapping[str, str],
    options: Mapping[str, Any],
    refit: bool,
) -> pd.DataFrame:
    """Return the table that `Problem.from_table` reads: `row`, `part`, `code`, and the features.

    The preprocessing is fitted on the training rows once, unless it is refitted with each classifier; the
    features are then the columns of the clean table.

    Raises
    ------
    InquestError
        If there is no feature.
    """
    if not types:
        raise InquestError(
            "config key `data`",
            "no feature is left to learn from",
            "keep a column beside the label and the split's",
        )
    codes = table[label].map({name: code for code, name in enumerate(classes)})
    head = pd.DataFrame({ROW: table[ROW], PART: parts["part"], CODE: codes.astype("int64")})
    features = table[list(types)]
    if refit:
        features = features.add_prefix(COLUMN)
    else:
        model = preprocessor(types, options).fit(features[parts["part"].to_numpy() == "train"])
        names = _distinct(name.partition("__")[2] for name in model.get_feature_names_out())
        values = np.asarray(model.transform(features), float)
        features = pd.DataFrame(values, columns=[FEATURE + name for name in names])
    return pd.concat([head, features.reset_index(drop=True)], axis=1)


def _distinct(names: Iterable[str]) -> list[str]:
    """Return the names, `'` behind those already taken: `b_c` of `a` and `c` of `a_b` are both `a_b_c`."""
    taken: dict[str, None] = {}
    for name in names:
        while name in taken:
            name += "'"
        taken[name] = None
    return list(taken)


def with_preprocessing(
    estimator: BaseEstimator, X: NDArray | pd.DataFrame, types: Mapping[str, str], options: Mapping[str, Any]
) -> BaseEstimator:
    """Return the estimator as a problem's features need it: alone, or behind its own preprocessing."""
    if not isinstance(X, pd.DataFrame):
        return estimator
    columns = {name: types[name.removeprefix(COLUMN)] for name in X}
    return Pipeline([("preprocess", preprocessor(columns, options)), ("model", estimator)])
