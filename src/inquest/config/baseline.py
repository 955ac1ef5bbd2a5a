"""The `baseline` section: the classifiers, how they are compared, and which one is inquired into."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from inquest.errors import listing, nearest
from inquest.sections import Mistake, Section, check_slugs, text_like

Metric = Literal[
    "accuracy",
    "balanced_accuracy",
    "f1",
    "roc_auc",
    "average_precision",
    "neg_log_loss",
    "neg_brier_score",
]


ImportPath = text_like(
    r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+",
    "an import path is needed, such as sklearn.linear_model.LogisticRegression",
)


class Classifier(Section):
    """A classifier: a class that follows scikit-learn's conventions, and its hyperparameters."""

    path: Annotated[ImportPath, Field(alias="class")]
    """The import path of the class, such as `sklearn.ensemble.RandomForestClassifier`."""
    params: dict[str, Any] = {}
    """Hyperparameters; `random_state` is set from the study's seed unless given here."""


class Preprocessing(Section):
    """How the columns become numbers. Fitted on the training split."""

    numeric_missing: Literal["median", "mean"] = "median"
    """What fills a missing number."""
    scale: Literal["standard", "robust", "none"] = "standard"
    """How numbers are scaled."""
    categorical_missing: Literal["category", "most_frequent"] = "category"
    """What fills a missing category: a category of its own, or the most frequent one."""
    max_categories: Annotated[int, Field(ge=2)] = 50
    """Columns with more categories have their rarest put together."""


def _default_classifiers() -> dict[str, Classifier]:
    def classifier(path: str, **params: Any) -> Classifier:
        return Classifier.model_validate({"class": path, "params": params})

    return {
        "majority": classifier("sklearn.dummy.DummyClassifier", strategy="prior"),
        "logistic regression": classifier("sklearn.linear_model.LogisticRegression", tol=1e-8, max_iter=1000),
        "random forest": classifier("sklearn.ensemble.RandomForestClassifier", n_estimators=200),
        "k-NN": classifier("sklearn.neighbors.KNeighborsClassifier", n_neighbors=15),
        "XGBoost": classifier("xgboost.XGBClassifier", n_estimators=200, max_depth=4, learning_rate=0.1),
    }


class Baseline(Section):
    """The classifiers that are compared, and the one whose training data is inquired into."""

    classifiers: Annotated[dict[str, Classifier], Field(min_length=1, default_factory=_default_classifiers)]
    """The classifiers by the name that the report uses."""
    classifier: str = "logistic regression"
    """The chosen classifier: every later chapter retrains this one."""
    reason: str = ""
    """Why this classifier, in your own words; printed in the report."""
    metric: Metric = "accuracy"
    """The primary metric: influence and Shapley values are changes of this one."""
    metric_reason: str = ""
    """Why this metric, in your own words; printed in the report."""
    gradient_tolerance: Annotated[float, Field(gt=0, le=1e-4)] = 1e-9
    """How short the gradient of the mean loss must be where an optimum is carried to the next retrain."""
    preprocessing: Preprocessing = Preprocessing()
    refit_preprocessing: bool = False
    """Fit the preprocessing anew at each retraining (true), or hold it fixed (false)."""
    bootstrap: Annotated[int, Field(ge=100)] = 1000
    """Resamples of the test split behind each 95 % interval."""

    @model_validator(mode="after")
    def _known(self):
        if self.classifier not in self.classifiers:
            raise Mistake(
                "classifier",
                f"found {self.classifier!r}{nearest(self.classifier, self.classifiers)}",
                f"`classifiers` has {listing(self.classifiers)}",
            )
        check_slugs("classifiers", self.classifiers)
        return self
