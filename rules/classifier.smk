# A pre-trained encoder, fine-tuned on the texts, judged beside simpler classifiers.

TUNED = CONFIG["classifier"]
CLASSIFIER_TABLES = [
    "epochs",
    "per_class",
    "baselines",
    "expectations",
    "published",
    "wrong",
    "hyperparameters",
]
CLASSIFIER_FIGURES = ["learning", "quality", "expectations"]
TIMED += ["fetch_encoder", "fine_tune", "classify", "fit_text_baselines", "describe_classifier"]
REPORTED["classifier"] = artefacts("classifier", CLASSIFIER_TABLES, CLASSIFIER_FIGURES)
CLOCKED["classifier"] = f"{RESULTS}/timings/classifier.json"


localrules:
    fetch_encoder,


rule fetch_encoder:
    input:
        files=lambda wildcards: inside(TUNED["encoder"]["folder"]),
    output:
        folder=directory(f"{RESULTS}/classifier/encoder"),
        facts=f"{RESULTS}/classifier/encoder.json",
    log:
        f"{RESULTS}/logs/classifier/fetch_encoder.log",
    benchmark:
        f"{RESULTS}/timings/rules/fetch_encoder.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000),
        runtime=minutes(60),
    params:
        code=code("classifier/fetch_encoder"),
        source=TUNED["encoder"],
        downloads="results/downloads",
    message:
        "Fetch the pre-trained encoder"
    script:
        "../scripts/classifier/fetch_encoder.py"


# The checkpoints are no output, so that they outlive a training that was cut short.
rule fine_tune:
    input:
        texts=f"{RESULTS}/text/texts.parquet",
        facts=f"{RESULTS}/text/texts.json",
        encoder=f"{RESULTS}/classifier/encoder",
        encoder_facts=f"{RESULTS}/classifier/encoder.json",
    output:
        model=directory(f"{RESULTS}/classifier/model"),
        facts=f"{RESULTS}/classifier/model.json",
        history=f"{RESULTS}/classifier/history.json",
        timings=f"{RESULTS}/timings/classifier/fine_tune.json",
    log:
        f"{RESULTS}/logs/classifier/fine_tune.log",
    benchmark:
        f"{RESULTS}/timings/rules/fine_tune.tsv"
    conda:
        ENVIRONMENT
    threads: TUNED["training"]["threads"]
    resources:
        mem_mb=memory(2500, times=8),
        runtime=minutes(720),
    params:
        code=code("classifier/fine_tune"),
        seed=CONFIG["seed"],
        options={key: TUNED[key] for key in ("max_length", "pooling", "dropout", "training")},
        checkpoints=f"{RESULTS}/classifier/checkpoints",
        lock=f"{RESULTS}/timings/fine_tune.lock",
        tracking=f"{RESULTS}/timings/tracking",
    message:
        "Fine-tune the encoder"
    script:
        "../scripts/classifier/fine_tune.py"


rule fit_text_baselines:
    input:
        texts=f"{RESULTS}/text/texts.parquet",
        facts=f"{RESULTS}/text/texts.json",
    output:
        predictions=f"{RESULTS}/classifier/baselines.parquet",
        facts=f"{RESULTS}/classifier/baselines.json",
        timings=f"{RESULTS}/timings/classifier/baselines.json",
    log:
        f"{RESULTS}/logs/classifier/fit_text_baselines.log",
    benchmark:
        f"{RESULTS}/timings/rules/fit_text_baselines.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=40),
        runtime=minutes(60),
    params:
        code=code("classifier/fit_text_baselines"),
    message:
        "Fit simpler text classifiers"
    script:
        "../scripts/classifier/fit_text_baselines.py"


rule classify:
    input:
        texts=f"{RESULTS}/text/texts.parquet",
        model=f"{RESULTS}/classifier/model",
    output:
        predictions=f"{RESULTS}/classifier/predictions.parquet",
        timings=f"{RESULTS}/timings/classifier/classify.json",
    log:
        f"{RESULTS}/logs/classifier/classify.log",
    benchmark:
        f"{RESULTS}/timings/rules/classify.tsv"
    conda:
        ENVIRONMENT
    threads: TUNED["training"]["threads"]
    resources:
        mem_mb=memory(2000, times=4),
        runtime=minutes(120),
    params:
        code=code("classifier/classify"),
        max_length=TUNED["max_length"],
        batch_size=4 * TUNED["training"]["batch_size"],
        threads=TUNED["training"]["threads"],
    message:
        "Classify the validation and the test texts"
    script:
        "../scripts/classifier/classify.py"


rule describe_classifier:
    input:
        texts=f"{RESULTS}/text/texts.parquet",
        texts_facts=f"{RESULTS}/text/texts.json",
        encoder=f"{RESULTS}/classifier/encoder.json",
        model=f"{RESULTS}/classifier/model.json",
        history=f"{RESULTS}/classifier/history.json",
        predictions=f"{RESULTS}/classifier/predictions.parquet",
        baselines=f"{RESULTS}/classifier/baselines.parquet",
        baselines_facts=f"{RESULTS}/classifier/baselines.json",
        published=f"{BASE}/report/published_scores.yaml" if TUNED["published"] else [],
        timings=[
            f"{RESULTS}/timings/classifier/{name}.json" for name in ("fine_tune", "classify", "baselines")
        ],
    output:
        artefacts("classifier", CLASSIFIER_TABLES, CLASSIFIER_FIGURES),
        timings=CLOCKED["classifier"],
    log:
        f"{RESULTS}/logs/classifier/describe_classifier.log",
    benchmark:
        f"{RESULTS}/timings/rules/describe_classifier.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=10),
        runtime=minutes(30),
    params:
        code=code("classifier/describe_classifier"),
        seed=CONFIG["seed"],
        options=TUNED,
    message:
        "Describe the text classifier"
    script:
        "../scripts/classifier/describe_classifier.py"
