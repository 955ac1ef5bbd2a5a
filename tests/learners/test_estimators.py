"""Classifiers by their import path."""

import textwrap

import pytest
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from xgboost import XGBClassifier

from inquest.errors import InquestError
from inquest.learners.estimators import build_classifier, weigh_by_code


def build(path, seed=7, **params):
    return build_classifier("mine", path, params, seed)


def refused(path, **params) -> str:
    with pytest.raises(InquestError) as caught:
        build(path, **params)
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_a_classifier_gets_the_seed_and_one_thread():
    forest = build("sklearn.ensemble.RandomForestClassifier", n_estimators=3)
    assert isinstance(forest, RandomForestClassifier)
    assert (forest.n_estimators, forest.random_state, forest.n_jobs) == (3, 7, 1)
    forest = build("sklearn.ensemble.RandomForestClassifier", random_state=1, n_jobs=2)
    assert (forest.random_state, forest.n_jobs) == (1, 2)


def test_what_takes_no_seed_gets_none():
    assert build("sklearn.naive_bayes.GaussianNB").get_params() == {"priors": None, "var_smoothing": 1e-09}


def test_xgboost_hides_its_hyperparameters_and_gets_them_all_the_same():
    model = build("xgboost.XGBClassifier", learning_rate=0.25, max_depth=2)
    assert isinstance(model, XGBClassifier)
    assert (model.learning_rate, model.max_depth, model.random_state, model.n_jobs) == (0.25, 2, 7, 1)
    line = refused("xgboost.XGBClassifier", learning_rat=0.1)
    assert line.startswith(
        "config key `baseline.classifiers.mine.params`: XGBClassifier has no hyperparameter 'learning_rat' "
        "(did you mean `learning_rate`?); allowed: base_score, booster,"
    )


def test_an_unknown_hyperparameter_is_named_with_the_nearest():
    line = refused("sklearn.neighbors.KNeighborsClassifier", n_neighbours=3)
    assert "KNeighborsClassifier has no hyperparameter 'n_neighbours' (did you mean `n_neighbors`?)" in line


def test_a_hyperparameter_out_of_range_is_found_before_the_fit():
    line = refused("sklearn.linear_model.LogisticRegression", C=-1)
    assert line.startswith("config key `baseline.classifiers.mine.params`: The 'C' parameter")
    assert "Got -1 instead" in line
    assert "must be an int" in refused("sklearn.neighbors.KNeighborsClassifier", n_neighbors="many")


def test_a_hyperparameter_that_is_needed():
    line = refused("sklearn.ensemble.VotingClassifier")
    assert "missing 1 required positional argument: 'estimators'; the parameters are estimators" in line


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (
            "no_such_package.Model",
            "'no_such_package.Model' can't be imported (No module named 'no_such_package')",
        ),
        ("sklearn.nothing.Model", "can't be imported (No module named 'sklearn.nothing')"),
        ("LogisticRegression", "'LogisticRegression' can't be imported"),
        (
            "sklearn.linear_model.LogisticRegresion",
            "has no 'LogisticRegresion' (did you mean `LogisticRegression`?)",
        ),
        ("sklearn.linear_model.Ridge", "'sklearn.linear_model.Ridge' is no classifier"),
        ("xgboost.XGBRegressor", "'xgboost.XGBRegressor' is no classifier"),
        ("sklearn.preprocessing.StandardScaler", "'sklearn.preprocessing.StandardScaler' is no classifier"),
        ("math.sqrt", "'math.sqrt' is no classifier"),
        ("builtins.int", "'builtins.int' is no classifier"),
        ("sklearn.linear_model", "'sklearn.linear_model' is no classifier"),
        ("sklearn.base.BaseEstimator", "'sklearn.base.BaseEstimator' is no classifier"),
    ],
)
def test_what_is_no_classifier(path, said):
    line = refused(path)
    assert line.startswith("config key `baseline.classifiers.mine.class`: ")
    assert said in line


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Write a module of one's own and return its name."""

    def write(name, source):
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(source))
        monkeypatch.syspath_prepend(tmp_path)
        return name

    return write


def test_a_class_of_ones_own_that_hides_what_its_parent_takes(own):
    """Its constructor takes C alone: neither a seed nor threads may be handed to it."""
    module = own(
        "own_narrow",
        """
        from sklearn.linear_model import LogisticRegression
        class Narrow(LogisticRegression):
            def __init__(self, C=1.0):
                super().__init__(C=C)
        """,
    )
    assert build(f"{module}.Narrow", C=0.5).C == 0.5
    assert "has no hyperparameter 'tol'" in refused(f"{module}.Narrow", tol=1e-3)


def test_a_class_that_takes_anything(own):
    module = own(
        "own_open",
        """
        from sklearn.base import BaseEstimator, ClassifierMixin
        class Open(ClassifierMixin, BaseEstimator):
            def __init__(self, **anything):
                self.anything = anything
            def fit(self, X, y): ...
            def predict(self, X): ...
        """,
    )
    assert build(f"{module}.Open", colour="blue").anything == {"colour": "blue"}


def test_a_module_that_fails_while_it_is_imported(own):
    module = own("own_broken", "raise RuntimeError('no licence file')")
    assert "can't be imported (no licence file)" in refused(f"{module}.Model")


# class weights


def test_class_weights_are_keyed_by_label():
    model = LogisticRegression(class_weight={"yes": 3, "no": 1})
    weigh_by_code(model, ["no", "yes"])
    assert model.class_weight == {1: 3, 0: 1}


def test_class_weights_inside_another_estimator_and_none():
    model = make_pipeline(BaggingClassifier(LogisticRegression(class_weight={"yes": 3})))
    weigh_by_code(model, ["no", "yes"])
    assert model.get_params()["baggingclassifier__estimator__class_weight"] == {1: 3}
    balanced = LogisticRegression(class_weight="balanced")
    weigh_by_code(balanced, ["no", "yes"])
    assert balanced.class_weight == "balanced"


def test_a_class_weight_of_no_label():
    with pytest.raises(InquestError) as caught:
        weigh_by_code(LogisticRegression(class_weight={"yess": 3}), ["no", "yes"])
    assert str(caught.value) == (
        "`class_weight` of LogisticRegression: there is no label 'yess' (did you mean `yes`?); "
        "allowed: no, yes"
    )


@pytest.mark.parametrize(
    "path", ["antigravity.fly", "os.system", "subprocess.Popen", "builtins.eval", "this.s"]
)
def test_pythons_own_modules_are_not_even_imported(path, monkeypatch):
    def refuse(name):
        raise AssertionError(f"{name} is imported")

    monkeypatch.setattr("importlib.import_module", refuse)
    with pytest.raises(InquestError, match="Python's own library has none"):
        build_classifier("mine", path, {"args": "id"}, seed=0)


def test_what_is_imported_is_called_only_if_it_has_the_methods_of_a_classifier(tmp_path, monkeypatch):
    (tmp_path / "odd_module.py").write_text(
        "def fall(*_, **__): raise SystemExit('called')\n"
        "class Falls:\n    fit = predict = get_params = None\n"
        "    def __init__(self): raise RuntimeError('it falls')\n"
    )
    (tmp_path / "odd_exit.py").write_text("raise SystemExit('bye')\n")
    monkeypatch.syspath_prepend(tmp_path)
    for path, said in (
        ("odd_module.fall", "is no classifier"),
        ("odd_module.Falls", "it falls"),
        ("odd_exit.Classifier", "can't be imported (bye)"),
    ):
        with pytest.raises(InquestError) as caught:
            build_classifier("mine", path, {}, seed=0)
        assert said in str(caught.value)
