# Classifiers fitted and compared; the chosen one is inquired into by the later chapters.

CLASSIFIERS = {slug(name): {"name": name, **spec} for name, spec in CONFIG["baseline"]["classifiers"].items()}
CHOSEN = slug(STUDY.baseline.classifier)
BASELINE_TABLES = ["metrics", "retraining", "confusion"]
BASELINE_FIGURES = ["metrics", "confusion", "curves"]
TIMED += ["prepare", *(f"fit-{name}" for name in CLASSIFIERS), "compare", "project_retraining"]
REPORTED["baseline"] = artefacts("baseline", BASELINE_TABLES, BASELINE_FIGURES)
CLOCKED["baseline"] = f"{RESULTS}/timings/baseline.json"

# What every rule needs that retrains the chosen classifier:
RETRAIN_INPUT = {
    "problem": f"{RESULTS}/baseline/problem.parquet",
    "clean": f"{RESULTS}/data/clean.json",
    "full": f"{RESULTS}/baseline/fitted/{CHOSEN}.json",
}
RETRAIN_PARAMS = {
    "seed": CONFIG["seed"],
    "classifier": CLASSIFIERS[CHOSEN],
    "metric": CONFIG["baseline"]["metric"],
    "gradient_tolerance": CONFIG["baseline"]["gradient_tolerance"],
    "preprocessing": CONFIG["baseline"]["preprocessing"],
    "refit": CONFIG["baseline"]["refit_preprocessing"],
}


rule prepare:
    input:
        table=f"{RESULTS}/data/clean.parquet",
        clean=f"{RESULTS}/data/clean.json",
        parts=f"{RESULTS}/data/split.parquet",
    output:
        features=f"{RESULTS}/baseline/features.parquet",
        problem=f"{RESULTS}/baseline/problem.parquet",
    log:
        f"{RESULTS}/logs/baseline/prepare.log",
    benchmark:
        f"{RESULTS}/timings/rules/prepare.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=24),
        runtime=minutes(30),
    params:
        code=code("baseline/prepare"),
        split=SPLIT,
        preprocessing=RETRAIN_PARAMS["preprocessing"],
        refit=RETRAIN_PARAMS["refit"],
    message:
        "Turn the columns into features"
    script:
        "../scripts/baseline/prepare.py"


rule fit:
    input:
        problem=RETRAIN_INPUT["problem"],
        clean=RETRAIN_INPUT["clean"],
    output:
        facts=f"{RESULTS}/baseline/fitted/{{classifier}}.json",
        predictions=f"{RESULTS}/baseline/fitted/{{classifier}}.parquet",
        timings=f"{RESULTS}/timings/baseline/{{classifier}}.json",
    log:
        f"{RESULTS}/logs/baseline/fit-{{classifier}}.log",
    benchmark:
        f"{RESULTS}/timings/rules/fit-{{classifier}}.tsv"
    wildcard_constraints:
        classifier="|".join(CLASSIFIERS),
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=16),
        runtime=minutes(120),
    params:
        code=code("baseline/fit"),
        seed=RETRAIN_PARAMS["seed"],
        classifier=lambda wildcards: CLASSIFIERS[wildcards.classifier],
        metric=RETRAIN_PARAMS["metric"],
        gradient_tolerance=RETRAIN_PARAMS["gradient_tolerance"],
        preprocessing=RETRAIN_PARAMS["preprocessing"],
        refit=RETRAIN_PARAMS["refit"],
        bootstrap=CONFIG["baseline"]["bootstrap"],
    message:
        "Fit and judge the classifier {wildcards.classifier}"
    script:
        "../scripts/baseline/fit.py"


rule compare:
    input:
        fitted=expand("{results}/baseline/fitted/{name}.json", results=RESULTS, name=CLASSIFIERS),
        predictions=expand("{results}/baseline/fitted/{name}.parquet", results=RESULTS, name=CLASSIFIERS),
        clean=f"{RESULTS}/data/clean.json",
    output:
        artefacts("baseline", BASELINE_TABLES, BASELINE_FIGURES),
    log:
        f"{RESULTS}/logs/baseline/compare.log",
    benchmark:
        f"{RESULTS}/timings/rules/compare.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=4),
        runtime=minutes(30),
    params:
        code=code("baseline/compare"),
        seed=CONFIG["seed"],
        chosen=lambda wildcards: CONFIG["baseline"]["classifier"],
        reason=lambda wildcards: CONFIG["baseline"]["reason"],
        metric=CONFIG["baseline"]["metric"],
        metric_reason=lambda wildcards: CONFIG["baseline"]["metric_reason"],
        refit=CONFIG["baseline"]["refit_preprocessing"],
        bootstrap=CONFIG["baseline"]["bootstrap"],
        classifiers=CLASSIFIERS,
    message:
        "Compare the classifiers"
    script:
        "../scripts/baseline/compare.py"


rule project_retraining:
    input:
        timings=expand("{results}/timings/baseline/{name}.json", results=RESULTS, name=CLASSIFIERS),
    output:
        timings=CLOCKED["baseline"],
    log:
        f"{RESULTS}/logs/baseline/project_retraining.log",
    benchmark:
        f"{RESULTS}/timings/rules/project_retraining.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000),
        runtime=minutes(30),
    params:
        code=code("baseline/project_retraining"),
        retraining=lambda wildcards: RETRAINING,
    message:
        "Project how long the retraining takes"
    script:
        "../scripts/baseline/project_retraining.py"
