"""From the clean table to features: what each column becomes, and what is fitted where."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from inquest.artefacts import read_table, write_table
from inquest.config.baseline import Preprocessing
from inquest.errors import InquestError
from inquest.learners.problem import Problem, prepare, with_preprocessing

CLASSES = ["no", "yes"]
TRAIN, TEST = 6, 3


def table(**columns) -> pd.DataFrame:
    """Nine rows, the first six for training."""
    text = {
        name: pd.Series(v, dtype="str") for name, v in columns.items() if any(isinstance(x, str) for x in v)
    }
    labels = pd.Series(["no", "yes", "no", "yes", "yes", "no", "yes", "no", "no"], dtype="str")
    return pd.DataFrame({"row": np.arange(9) + 100, **columns, **text, "outcome": labels})


def parts() -> pd.DataFrame:
    return pd.DataFrame({"row": np.arange(9) + 100, "part": ["train"] * TRAIN + ["test"] * TEST})


def prepared(clean, types, refit=False, **options) -> pd.DataFrame:
    options = Preprocessing(**options).model_dump()
    return prepare(clean, parts(), "outcome", CLASSES, types, options, refit)


def features(clean, types, **options) -> pd.DataFrame:
    found = prepared(clean, types, **options)
    assert list(found.columns[:3]) == ["row", "part", "code"]
    return found.iloc[:, 3:].rename(columns=lambda name: name.removeprefix("feature:"))


SIZE = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, -8.0, 1e6]
COLOUR = ["red", "blue", "red", "green", "red", "blue", "red", "violet", "green"]


def test_rows_parts_and_codes():
    found = prepared(table(size=SIZE), {"size": "numeric"})
    assert found["row"].tolist() == list(range(100, 109))
    assert found["part"].tolist() == ["train"] * 6 + ["test"] * 3
    assert found["code"].tolist() == [0, 1, 0, 1, 1, 0, 1, 0, 0]


def test_numbers_are_scaled_by_the_training_rows():
    """1 … 6 have mean 3.5 and standard deviation √(35/12); quartiles 2.25, 3.5 and 4.75."""
    clean, types = table(size=SIZE), {"size": "numeric"}
    standard = features(clean, types, scale="standard")["size"]
    assert standard.tolist() == pytest.approx([(x - 3.5) / np.sqrt(35 / 12) for x in SIZE])
    assert features(clean, types, scale="robust")["size"].tolist() == pytest.approx(
        [(x - 3.5) / 2.5 for x in SIZE]
    )
    assert features(clean, types, scale="none")["size"].tolist() == SIZE


def test_missing_numbers_take_the_median_or_the_mean_of_the_training_rows():
    size = [1.0, 2.0, 3.0, 10.0, np.nan, np.nan, np.nan, 50.0, 60.0]
    clean, types = table(size=size), {"size": "numeric"}
    median = features(clean, types, scale="none", numeric_missing="median")["size"]
    assert median.tolist() == [1, 2, 3, 10, 2.5, 2.5, 2.5, 50, 60]
    mean = features(clean, types, scale="none", numeric_missing="mean")["size"]
    assert mean.tolist() == [1, 2, 3, 10, 4, 4, 4, 50, 60]


def test_categories_are_columns_and_unseen_ones_none():
    found = features(table(colour=COLOUR), {"colour": "categorical"})
    assert list(found) == ["colour_blue", "colour_green", "colour_red"]
    assert found["colour_red"].tolist() == [1, 0, 1, 0, 1, 0, 1, 0, 0]
    assert found.iloc[7].tolist() == [0, 0, 0]  # violet


def test_the_rarest_categories_are_put_together_and_unseen_ones_with_them():
    found = features(table(colour=COLOUR), {"colour": "categorical"}, max_categories=2)
    assert list(found) == ["colour_red", "colour_infrequent_sklearn"]
    assert found["colour_infrequent_sklearn"].tolist() == [0, 1, 0, 1, 0, 1, 0, 1, 1]


def test_missing_categories_are_one_of_their_own_or_the_most_frequent():
    colour = ["red", None, "red", "blue", None, "red", None, "blue", "red"]
    clean, types = table(colour=colour), {"colour": "categorical"}
    own = features(clean, types, categorical_missing="category")
    assert list(own) == ["colour_(missing)", "colour_blue", "colour_red"]
    assert own["colour_(missing)"].tolist() == [0, 1, 0, 0, 1, 0, 1, 0, 0]
    frequent = features(clean, types, categorical_missing="most_frequent")
    assert frequent["colour_red"].tolist() == [1, 1, 1, 0, 1, 1, 1, 0, 1]


def test_dates_are_days():
    days = ["1970-01-02", "1970-01-11T12:00", None, *["1970-01-01"] * 5, "1969-12-31"]
    when = pd.to_datetime(days, format="ISO8601")
    found = features(table(when=when), {"when": "datetime"}, scale="none")["when"]
    assert found.tolist() == [
        1.0,
        10.5,
        0.0,
        0,
        0,
        0,
        0,
        0,
        -1.0,
    ]  # the missing one is the median of 0, 0, 0, 1, 10.5


def test_columns_that_say_nothing_in_training():
    clean = table(
        same=[4.0] * 9, gone=[np.nan] * 6 + [1.0, 2.0, 3.0], one=["a"] * 9, void=[None] * 6 + ["u", "v", None]
    )
    types = {"same": "numeric", "gone": "numeric", "one": "categorical", "void": "categorical"}
    found = features(clean, types)
    assert found.iloc[:TRAIN].nunique().eq(1).all()
    assert np.isfinite(found.to_numpy()).all()
    assert found["same"].tolist() == [0.0] * 9 and found["one_a"].tolist() == [1.0] * 9
    assert found["void_(missing)"].tolist() == [1.0] * 6 + [0.0, 0.0, 1.0]
    with pytest.warns(UserWarning, match="'void'"):  # it has no most frequent value, and is left out
        frequent = features(clean, types, categorical_missing="most_frequent")
    assert list(frequent) == ["same", "gone", "one_a"]


def test_columns_come_by_kind_in_the_order_of_the_table():
    clean = table(colour=COLOUR, size=SIZE, when=pd.to_datetime(["2020-01-01"] * 9), age=SIZE)
    types = {"colour": "categorical", "size": "numeric", "when": "datetime", "age": "numeric"}
    assert list(features(clean, types)) == [
        "size",
        "age",
        "when",
        "colour_blue",
        "colour_green",
        "colour_red",
    ]


def test_test_rows_change_nothing_about_training_rows():
    types = {"size": "numeric", "colour": "categorical", "when": "datetime"}
    when = pd.to_datetime(["2020-01-01", "2021-01-01", "2022-06-01", None, "2020-01-01", "2020-01-01"])
    seen = {"size": [*SIZE[:5], np.nan], "colour": COLOUR[:6], "when": list(when)}
    others = [
        {"size": [0.0] * 3, "colour": ["red"] * 3, "when": [pd.Timestamp("2020-01-01")] * 3},
        {
            "size": [1e9, -1e9, np.nan],
            "colour": ["new", "newer", None],
            "when": [pd.Timestamp("1900-01-01")] * 3,
        },
    ]
    for refit in (False, True):
        found = [
            prepared(table(**{name: seen[name] + other[name] for name in seen}), types, refit)
            for other in others
        ]
        pd.testing.assert_frame_equal(found[0].iloc[:TRAIN], found[1].iloc[:TRAIN])
        assert not found[0].iloc[TRAIN:].equals(found[1].iloc[TRAIN:])


# names


@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize("name", ["part", "code", "feature:x", "column:x", "a b", "row_"])
def test_a_column_may_have_any_name(name, refit, tmp_path):
    clean, types = table(**{name: SIZE, "x": SIZE[::-1]}), {name: "numeric", "x": "numeric"}
    write_table(tmp_path / "p.parquet", prepared(clean, types, refit))
    problem = Problem.from_table(read_table(tmp_path / "p.parquet"), CLASSES)
    assert problem.rows.tolist() == list(range(100, 106))
    plain = prepared(table(a=SIZE, b=SIZE[::-1]), {"a": "numeric", "b": "numeric"}, refit)
    expected = Problem.from_table(plain, CLASSES)
    assert np.array_equal(np.asarray(problem.X), np.asarray(expected.X))
    options = Preprocessing().model_dump()
    models = [
        with_preprocessing(LogisticRegression(), p.X, t, options)
        for p, t in ((problem, types), (expected, {"a": "numeric", "b": "numeric"}))
    ]
    scores = [
        float(p.utility(m, "neg_log_loss")(range(6)))
        for p, m in zip((problem, expected), models, strict=True)
    ]
    assert scores[0] == scores[1]


def test_features_that_would_have_one_name_are_told_apart(tmp_path):
    """Category `b_c` of `a`, `c` of `a_b`, and a number `a_b_c` would all be `a_b_c`."""
    clean = table(a=["b_c", "d"] * 4 + ["d"], a_b=["c", "c", "d"] * 3, a_b_c=SIZE)
    types = {"a": "categorical", "a_b": "categorical", "a_b_c": "numeric"}
    found = features(clean, types, scale="none")
    assert list(found) == ["a_b_c", "a_b_c'", "a_d", "a_b_c''", "a_b_d"]
    assert found["a_b_c"].tolist() == SIZE
    assert found["a_b_c'"].tolist() == [1, 0] * 4 + [0]
    assert found["a_b_c''"].tolist() == [1, 1, 0] * 3
    write_table(tmp_path / "p.parquet", prepared(clean, types))
    assert Problem.from_table(read_table(tmp_path / "p.parquet"), CLASSES).X.shape == (6, 5)


def test_nothing_to_learn_from():
    with pytest.raises(InquestError, match="config key `data`: no feature is left to learn from"):
        prepared(table(), {})


# the problem


def test_from_table_and_back(tmp_path):
    clean = table(size=SIZE, colour=COLOUR)
    made = prepared(clean, {"size": "numeric", "colour": "categorical"})
    write_table(
        tmp_path / "p.parquet", made.sample(frac=1, random_state=0)
    )  # whatever the order of the parts
    problem = Problem.from_table(read_table(tmp_path / "p.parquet").sort_values("row"), CLASSES)
    assert (problem.X.shape, problem.X_test.shape) == ((6, 4), (3, 4))
    assert problem.X.tolist() == made.iloc[:6, 3:].to_numpy().tolist()
    assert problem.X_test.tolist() == made.iloc[6:, 3:].to_numpy().tolist()
    assert (problem.rows.tolist(), problem.test_rows.tolist()) == ([*range(100, 106)], [106, 107, 108])
    assert (problem.y.tolist(), problem.y_test.tolist()) == ([0, 1, 0, 1, 1, 0], [1, 0, 0])
    assert problem.classes == CLASSES


def test_the_utility_of_a_problem():
    problem = Problem.from_table(prepared(table(size=SIZE), {"size": "numeric"}), CLASSES)
    utility = problem.utility(KNeighborsClassifier(1), "accuracy", ["f1"])
    assert (utility.n_rows, utility.n_classes) == (6, 2)
    # nearest to 7, -8 and 1e6 are 6 (no), 1 (no) and 6 (no), and the truth is yes, no, no
    assert utility(range(6)) == pytest.approx(2 / 3)
    assert utility(range(6)).metrics["f1"] == 0.0


# preprocessing that is refitted


KINDS = {
    "numbers": {"size": "numeric"},  # all columns are float, which must not make a plain array of them
    "all": {"size": "numeric", "colour": "categorical", "when": "datetime"},
}


def both_ways(kind, tmp_path, estimator, metric="neg_log_loss"):
    when = pd.to_datetime(["2020-01-01", "2021-01-01", "2022-06-01", None, *["2020-03-01"] * 5])
    size = [1.0, np.nan, 3.0, 4.0, 5.0, 6.0, 7.0, np.nan, 2.0]
    clean, types, options = (
        table(size=size, colour=COLOUR, when=when),
        KINDS[kind],
        Preprocessing().model_dump(),
    )
    utilities = []
    for refit in (False, True):
        write_table(tmp_path / "p.parquet", prepared(clean, types, refit))
        problem = Problem.from_table(read_table(tmp_path / "p.parquet"), CLASSES)
        assert isinstance(problem.X, pd.DataFrame) == refit
        model = with_preprocessing(estimator, problem.X, types | {"split_column": "numeric"}, options)
        utilities.append(problem.utility(model, metric))
    return utilities


@pytest.mark.parametrize("kind", KINDS)
def test_refitted_to_all_training_rows_it_is_the_fixed_one(kind, tmp_path):
    fixed, refitted = both_ways(kind, tmp_path, LogisticRegression(tol=1e-10, solver="newton-cholesky"))
    assert refitted(range(6)) == pytest.approx(float(fixed(range(6))), abs=1e-9)
    assert refitted([]) == fixed([])
    assert refitted([0, 2]) == fixed([0, 2])  # one class


@pytest.mark.parametrize("kind", KINDS)
def test_refitted_to_fewer_rows_it_differs(kind, tmp_path):
    fixed, refitted = both_ways(kind, tmp_path, LogisticRegression(tol=1e-10))
    assert abs(refitted.without([5]) - fixed.without([5])) > 1e-6


def test_refitted_by_hand(tmp_path):
    """Without row 1 (its size is missing) and 5, sizes 1, 3, 4, 5 have mean 3.25 and variance 35/16."""
    _, refitted = both_ways("numbers", tmp_path, LogisticRegression(tol=1e-10), "accuracy")
    model = refitted.fit([0, 2, 3, 4]).estimator
    scaler = model[0].named_transformers_["numeric"][-1]
    assert (scaler.mean_.tolist(), scaler.var_.tolist()) == ([3.25], [35 / 16])


def test_a_prefix_in_which_a_whole_column_is_missing(tmp_path):
    _, refitted = both_ways("numbers", tmp_path, LogisticRegression())
    assert np.isfinite(list(refitted.walk([1, 0, 2, 3]))).all()
