# Are the values any good? Flipped labels to find, rows to remove, method beside method; two jobs for each repeat.

REPEATS = range(STUDY.quality.repeats)
QUALITY_TABLES = ["detection", "precision", "removal", "curves"]
QUALITY_FIGURES = ["detection", "removal"]
QUALITY_JOBS = ["find_flipped", "remove_rows"]
REPORTED["quality"] = artefacts("quality", QUALITY_TABLES, QUALITY_FIGURES)
CLOCKED["quality"] = f"{RESULTS}/timings/quality.json"
TIMED += [*(f"{name}-{repeat}" for name in QUALITY_JOBS for repeat in REPEATS), "describe_quality"]
if "quality" in CHAPTERS:
    for what in ("find flipped labels", "remove rows by value") * len(REPEATS):
        RETRAINING += [
            {"what": what, "times": STUDY.quality.rows, "rows": STUDY.quality.rows},
            {"what": what, "times": STUDY.quality.permutations, "prefixes": STUDY.quality.rows},
            {"what": what, "times": STUDY.quality.subsets, "rows": STUDY.quality.rows // 2},
            {"what": what, "times": STUDY.quality.bags, "rows": STUDY.quality.rows},
        ]

# What both kinds of job need:
QUALITY_INPUT = {
    "problem": RETRAIN_INPUT["problem"],
    "clean": RETRAIN_INPUT["clean"],
    "features": f"{RESULTS}/baseline/features.parquet",
}
QUALITY_PARAMS = {
    **RETRAIN_PARAMS,
    "rows": CONFIG["quality"]["rows"],
    "options": {name: CONFIG["quality"][name] for name in ("permutations", "subsets", "bags")},
}


rule find_flipped:
    input:
        **QUALITY_INPUT,
    output:
        values=f"{RESULTS}/quality/find_flipped/{{repeat}}.parquet",
        facts=f"{RESULTS}/quality/find_flipped/{{repeat}}.json",
        timings=f"{RESULTS}/timings/quality/find_flipped-{{repeat}}.json",
    log:
        f"{RESULTS}/logs/quality/find_flipped-{{repeat}}.log",
    benchmark:
        f"{RESULTS}/timings/rules/find_flipped-{{repeat}}.tsv"
    wildcard_constraints:
        repeat=r"\d+",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=8),
        runtime=minutes(240),
    params:
        **QUALITY_PARAMS,
        code=code("quality/find_flipped"),
        flip=CONFIG["quality"]["flip"],
    message:
        "Flip labels, and value the rows (repeat {wildcards.repeat})"
    script:
        "../scripts/quality/find_flipped.py"


rule remove_rows:
    input:
        **QUALITY_INPUT,
    output:
        curves=f"{RESULTS}/quality/remove_rows/{{repeat}}.parquet",
        facts=f"{RESULTS}/quality/remove_rows/{{repeat}}.json",
        timings=f"{RESULTS}/timings/quality/remove_rows-{{repeat}}.json",
    log:
        f"{RESULTS}/logs/quality/remove_rows-{{repeat}}.log",
    benchmark:
        f"{RESULTS}/timings/rules/remove_rows-{{repeat}}.tsv"
    wildcard_constraints:
        repeat=r"\d+",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=8),
        runtime=minutes(240),
    params:
        **QUALITY_PARAMS,
        code=code("quality/remove_rows"),
    message:
        "Value the rows, and remove them by value (repeat {wildcards.repeat})"
    script:
        "../scripts/quality/remove_rows.py"


rule describe_quality:
    input:
        valued=expand("{results}/quality/find_flipped/{repeat}.parquet", results=RESULTS, repeat=REPEATS),
        curves=expand("{results}/quality/remove_rows/{repeat}.parquet", results=RESULTS, repeat=REPEATS),
        found=expand("{results}/quality/find_flipped/{repeat}.json", results=RESULTS, repeat=REPEATS),
        removed=expand("{results}/quality/remove_rows/{repeat}.json", results=RESULTS, repeat=REPEATS),
        seconds=expand(
            "{results}/timings/quality/{job}-{repeat}.json",
            results=RESULTS,
            job=QUALITY_JOBS,
            repeat=REPEATS,
        ),
    output:
        artefacts("quality", QUALITY_TABLES, QUALITY_FIGURES),
        timings=CLOCKED["quality"],
    log:
        f"{RESULTS}/logs/quality/describe_quality.log",
    benchmark:
        f"{RESULTS}/timings/rules/describe_quality.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=4),
        runtime=minutes(30),
    params:
        code=code("quality/describe_quality"),
        metric=CONFIG["baseline"]["metric"],
        options=CONFIG["quality"],
    message:
        "Describe how good the values are"
    script:
        "../scripts/quality/describe_quality.py"
