"""The checks of the learning curves: whether each holds, and that its sentence says what the numbers are."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inquest.text.curves import check_training


def history(epochs, steps=((0.7, 0.5), (0.4, 1.5)), best=1, **others):
    """Epochs as (training loss, validation loss, validation accuracy), steps as (loss, gradient norm)."""
    of_epochs = [
        {
            "epoch": i,
            "train_loss": train,
            "train_accuracy": 0.8,
            "loss": loss,
            "accuracy": right,
            "macro_f1": 0.7,
        }
        for i, (train, loss, right) in enumerate(epochs, 1)
    ]
    of_steps = [
        {"step": 10 * i, "epoch": i / 10, "loss": loss, "accuracy": 0.5, "gradient_norm": norm}
        for i, (loss, norm) in enumerate(steps, 1)
    ]
    return {
        "epochs": of_epochs,
        "steps": of_steps,
        "best_epoch": best,
        "best_by": "accuracy",
        "epochs_asked": len(epochs),
        "stopped_early": False,
        "steps_total": 10 * len(steps),
    } | others


USUAL = [(0.6, 0.5, 0.75), (0.4, 0.42, 0.82), (0.2, 0.45, 0.81)]


def checks(*arguments, majority=0.5, texts=500, clip=1.0, smoothing=0.0, **others):
    found = check_training(history(*arguments, **others), majority, texts, clip, smoothing)
    return {check["name"]: (check["met"], check["says"]) for check in found}


def test_a_usual_training():
    assert checks(USUAL, best=2) == {
        "finite": (True, "All 16 losses, scores and gradient norms of the curves are finite numbers."),
        "loss falls": (True, "The training loss fell from 0.600 in epoch 1 to 0.200 in epoch 3."),
        "beats the majority": (
            True,
            "Epoch 2 of 3 had the best validation accuracy; its accuracy, 82.0% [78.4%, 85.1%], is above the "
            "50.0% of always saying the most frequent label.",
        ),
        "no over-fitting": (
            True,
            "In epoch 2 the validation loss was 0.020 above the training loss, in epoch 3 0.250 above it; it "
            "rose in epoch 3 while the training loss fell, after the epoch that was kept.",
        ),
        "levelled off": (
            True,
            "The last epoch changed the validation accuracy by −1.0 points: no rise beyond one standard "
            "error (1.8 points on 500 texts).",
        ),
        "gradients": (
            True,
            "The gradient was above the clip of 1 at 1 of 2 logged steps (median 1.00, largest 1.50).",
        ),
    }


def test_a_loss_that_does_not_fall():
    met, says = checks([(0.6, 0.5, 0.7), (0.7, 0.5, 0.7)])["loss falls"]
    assert (
        not met
        and says == "The training loss did not fall: it went from 0.600 in epoch 1 to 0.700 in epoch 2."
    )


def test_the_steps_tell_of_a_single_epoch():
    """A fifth of ten steps are two: 0.8 and 0.6 at first, 0.3 and 0.2 at last."""
    steps = [(loss, 1) for loss in (0.8, 0.6, 0.9, 0.9, 0.9, 0.1, 0.1, 0.1, 0.3, 0.2)]
    found = checks(USUAL[:1], steps)
    assert found["loss falls"] == (
        True,
        "The training loss fell from 0.700 over the first 2 logged steps to 0.250 over the last.",
    )
    assert found["no over-fitting"] == (
        True,
        "In epoch 1 the validation loss was 0.100 below the training loss; a single epoch shows no trend.",
    )
    assert found["levelled off"] == (False, "One epoch can’t show whether another would gain.")


def test_a_training_too_short_to_tell():
    found = checks(USUAL[:1], [(0.7, 2.0)])
    assert found["loss falls"] == (False, "The training was too short to tell whether its loss falls.")
    assert "1 of 1 logged step (" in found["gradients"][1]
    assert checks(USUAL[:1], [])["gradients"] == (False, "No step was logged, so no gradient is known.")


def test_a_lead_over_the_majority_must_be_beyond_chance():
    """82 % of 50 texts are 69.2 % to 90.2 %."""
    assert checks(USUAL, best=2, texts=50, majority=0.69)["beats the majority"][0]
    met, says = checks(USUAL, best=2, texts=50, majority=0.70)["beats the majority"]
    assert not met and "82.0% [69.2%, 90.2%], is not clearly above the 70.0%" in says


def test_an_early_stop_and_another_score_are_named():
    says = checks(USUAL, best=2, stopped_early=True, epochs_asked=9, best_by="loss")["beats the majority"][1]
    assert says.startswith("Epoch 2 of 3 (9 were asked for) had the best validation loss; its accuracy")


def test_over_fitting_in_the_weights_that_are_kept():
    met, says = checks(USUAL, best=3)["no over-fitting"]
    assert not met and says == (
        "In epoch 3 the validation loss was 0.250 above the training loss; it rose in epoch 3 while the "
        "training loss fell: a sign of over-fitting in the weights kept."
    )
    met, says = checks(USUAL[:2], best=2)["no over-fitting"]
    assert met and says.endswith("; it never rose while the training loss fell.")
    # if the training loss rises, too, it is something else
    assert checks([(0.3, 0.4, 0.7), (0.5, 0.6, 0.6)], best=2)["no over-fitting"][0]


def test_a_training_that_still_gains():
    """√(0.75 · 0.25 / 500) is 1.9 points, √(0.82 · 0.18 / 500) 1.7."""
    met, says = checks(USUAL[:2], best=2)["levelled off"]
    assert not met and says == (
        "The last epoch changed the validation accuracy by +7.0 points: a rise of more than one standard "
        "error (1.9 points on 500 texts)."
    )
    assert "by 0.0 points: no rise" in checks([USUAL[0], USUAL[0]])["levelled off"][1]


def test_near_a_hundred_percent_the_standard_error_is_not_that_of_the_last_epoch_alone():
    """Of 1,000 texts 98.3 % have an error of 0.41 points, and 98.7 % of 0.36: a gain of 0.4 is between."""
    met, says = checks([(0.4, 0.4, 0.983), (0.3, 0.4, 0.987)], texts=1000)["levelled off"]
    assert met and "+0.4 points: no rise beyond one standard error (0.4 points" in says


def test_a_hundred_percent_leave_nothing_to_gain():
    whole = checks([(0.6, 0.5, 0.99), (0.4, 0.4, 1.0)], texts=100)["levelled off"]
    assert whole == (
        True,
        "The last epoch changed the validation accuracy by +1.0 points: at 100%, there is nothing left to "
        "gain.",
    )


def test_gradients_that_are_always_or_never_clipped():
    steps = [(0.7, 3.0), (0.5, 2.0), (0.4, 7.0)]
    assert checks(USUAL, steps)["gradients"] == (
        True,
        "The gradient was above the clip of 1 at 3 of 3 logged steps (median 3.00, largest 7.00).",
    )
    met, says = checks(USUAL, steps, clip=0.0)["gradients"]
    assert met and says.startswith("Gradients are not clipped; their norms are known at 3 logged steps")


@pytest.mark.parametrize("clip", [0.0, 1.0])
def test_a_burst_of_the_gradient(clip):
    steps = [(0.5, 2.0), (0.5, 2.0), (0.4, 200.0)]
    met, says = checks(USUAL, steps, clip=clip)["gradients"]
    assert not met and says.endswith(
        "(median 2.00, largest 200.00): it is odd that the largest is 100 times the median or more."
    )
    assert checks(USUAL, [*steps[:2], (0.4, 199.0)], clip=clip)["gradients"][0]


def test_a_step_that_was_skipped_is_no_divergence():
    """In half precision a step without a finite gradient is skipped; its norm is not known."""
    found = checks(USUAL, [(0.7, None), (0.5, 0.5), (0.4, 1.5)])
    assert found["finite"] == (
        True,
        "All 17 losses, scores and gradient norms of the curves are finite numbers.",  # 3 x 4 + 3 + 2
    )
    assert found["gradients"] == (
        True,
        "The gradient was above the clip of 1 at 1 of 2 logged steps (median 1.00, largest 1.50), and not "
        "finite at 1 more (half precision skips such steps).",
    )
    never = checks(USUAL, [(0.7, None), (0.5, None)])
    assert never["gradients"] == (
        False,
        "No step was logged with a finite gradient, so no gradient is known.",
    )


def test_with_smoothed_labels_the_losses_are_not_of_one_kind():
    says = checks(USUAL[:2], best=2, smoothing=0.1)["no over-fitting"][1]
    assert says == (
        "In epoch 2 the validation loss was 0.020 above the training loss (in training the labels are "
        "smoothed by 0.1, in validation they are not); it never rose while the training loss fell."
    )


@pytest.mark.parametrize("bad", [None, float("nan"), float("inf")])
def test_a_training_that_diverged_is_judged_by_that_alone(bad):
    found = checks([(0.6, 0.5, 0.7), (bad, bad, 0.5)], [(0.7, 1.0), (bad, 1.0)])
    assert found == {
        "finite": (False, "It diverged: of 12 losses, scores and gradient norms 3 are not finite.")
    }


LOSS = st.floats(0, 100)
SHARE = st.floats(0, 1)


@settings(deadline=None)
@given(
    st.lists(st.tuples(LOSS, LOSS, SHARE), min_size=1, max_size=6),
    st.lists(st.tuples(LOSS, LOSS), max_size=12),
    st.integers(1, 100),
    SHARE,
    st.data(),
)
def test_any_history_can_be_judged(epochs, steps, texts, majority, data):
    best = data.draw(st.integers(1, len(epochs)))
    found = checks(epochs, steps, best=best, texts=texts, majority=majority)
    assert len(found) == 6
    for met, says in found.values():
        assert isinstance(met, bool) and says[0].isupper() and says.endswith(".") and "nan" not in says
    assert (" fell from " in found["loss falls"][1]) == found["loss falls"][0]
    assert ("is not clearly above" in found["beats the majority"][1]) != found["beats the majority"][0]
    assert ("a sign of over-fitting" in found["no over-fitting"][1]) != found["no over-fitting"][0]
