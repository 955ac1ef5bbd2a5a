"""The library's reference: the names that a notebook imports, module by module."""

from __future__ import annotations

MODULES = {
    "Utilities": {
        "inquest.utility": ["Utility", "FunctionUtility", "Players", "Score"],
        "inquest.learners": ["utility_for"],
        "inquest.learners.retraining": ["RetrainingUtility"],
    },
    "Leaving rows out": {"inquest.valuation": ["leave_one_out", "leave_group_out"]},
    "Shapley and other semivalues": {
        "inquest.valuation": [
            "tmc_shapley",
            "random_walks",
            "combine",
            "ShapleyValues",
            "semivalues",
            "Semivalues",
            "beta_weights",
            "banzhaf_weights",
            "banzhaf",
            "exact_shapley",
            "exact_semivalue",
        ],
        "inquest.valuation.knn_shapley": ["knn_shapley"],
    },
    "How sure are the values?": {
        "inquest.valuation.convergence": ["reliability", "rank_stability", "RankStability", "gelman_rubin"],
    },
    "Experiments": {
        "inquest.valuation.experiments": [
            "flip_labels",
            "detection",
            "Detection",
            "removal_curve",
            "removal_order",
        ],
    },
    "Results, and models from a study": {
        "inquest.artefacts": ["read_json", "read_table"],
        "inquest.text.encoder": ["load_classifier"],
    },
}


def library_reference() -> str:
    """Return the reference as Markdown, with a mark of mkdocstrings for each name."""
    lines = []
    for title, modules in MODULES.items():
        lines.append(f"## {title}\n")
        lines += [f"::: {module}.{name}\n" for module, names in modules.items() for name in names]
    return "\n".join(lines)
