# The texts that the classifier gets wrong: a sheet that people annotate, what they wrote, and a map.

from inquest.text.errors.copies import find_files

FAILED = CONFIG["errors"]
WITH_LLM = "llm" in CHAPTERS
TAXONOMY = os.path.expanduser(FAILED["taxonomy"])
ERRORS_TABLES = [
    "types",
    "causes",
    "fixes",
    "wrong",
    "all",
    "tags",
    "crossed",
    "agreement",
    "disagreements",
    "projections",
]
ERRORS_FIGURES = ["map"]
TIMED += ["represent_texts", "explain_errors", "make_sheet", "read_annotations"]
TIMED += ["project_errors", "draw_map", "describe_errors"]
REPORTED["errors"] = artefacts("errors", ERRORS_TABLES, ERRORS_FIGURES)
CLOCKED["errors"] = f"{RESULTS}/timings/errors.json"
if "errors" in CHAPTERS:
    PAGES.append(f"{RESULTS}/error-map.html")


rule represent_texts:
    input:
        texts=f"{RESULTS}/text/texts.parquet",
        model=f"{RESULTS}/classifier/model",
    output:
        states=f"{RESULTS}/errors/states.parquet",
        timings=f"{RESULTS}/timings/errors/represent_texts.json",
    log:
        f"{RESULTS}/logs/errors/represent_texts.log",
    benchmark:
        f"{RESULTS}/timings/rules/represent_texts.tsv"
    conda:
        ENVIRONMENT
    threads: TUNED["training"]["threads"]
    resources:
        mem_mb=memory(2000, times=4),
        runtime=minutes(120),
    params:
        code=code("errors/represent_texts"),
        max_length=TUNED["max_length"],
        batch_size=4 * TUNED["training"]["batch_size"],
        threads=TUNED["training"]["threads"],
    message:
        "Represent the texts by the classifier's hidden states"
    script:
        "../scripts/errors/represent_texts.py"


rule explain_errors:
    input:
        texts=f"{RESULTS}/text/texts.parquet",
        predictions=f"{RESULTS}/classifier/predictions.parquet",
        model=f"{RESULTS}/classifier/model",
    output:
        attributions=f"{RESULTS}/errors/attributions.parquet",
        facts=f"{RESULTS}/errors/attributions.json",
        timings=f"{RESULTS}/timings/errors/explain_errors.json",
    log:
        f"{RESULTS}/logs/errors/explain_errors.log",
    benchmark:
        f"{RESULTS}/timings/rules/explain_errors.tsv"
    conda:
        ENVIRONMENT
    threads: TUNED["training"]["threads"]
    resources:
        mem_mb=memory(2000, times=8),
        runtime=minutes(240),
    params:
        code=code("errors/explain_errors"),
        max_length=TUNED["max_length"],
        threads=TUNED["training"]["threads"],
        steps=FAILED["steps"],
        tolerance=FAILED["tolerance"],
    message:
        "Explain the errors by integrated gradients"
    script:
        "../scripts/errors/explain_errors.py"


# What people annotate a copy of (see `make annotate`).
rule make_sheet:
    input:
        texts=f"{RESULTS}/text/texts.parquet",
        facts=f"{RESULTS}/text/texts.json",
        predictions=f"{RESULTS}/classifier/predictions.parquet",
        baselines=f"{RESULTS}/classifier/baselines.parquet",
        states=f"{RESULTS}/errors/states.parquet",
        attributions=f"{RESULTS}/errors/attributions.parquet",
        labels=f"{RESULTS}/llm/labels.parquet" if WITH_LLM else [],
        taxonomy=lambda wildcards: TAXONOMY,
    output:
        sheet=f"{RESULTS}/errors/sheet.parquet",
        xlsx=f"{RESULTS}/errors/errors.xlsx",
        csv=report(
            f"{RESULTS}/errors/errors.csv",
            caption=caption("errors/sheet"),
            category="Pages to explore",
            labels={"page": "sheet of the errors"},
        ),
        tags=f"{RESULTS}/errors/tags.json",
    log:
        f"{RESULTS}/logs/errors/make_sheet.log",
    benchmark:
        f"{RESULTS}/timings/rules/make_sheet.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=10),
        runtime=minutes(30),
    params:
        code=code("errors/make_sheet"),
        neighbours=FAILED["neighbours"],
    message:
        "Write the error sheet"
    script:
        "../scripts/errors/make_sheet.py"


rule read_annotations:
    input:
        sheet=f"{RESULTS}/errors/sheet.parquet",
        texts=f"{RESULTS}/text/texts.parquet",
        taxonomy=lambda wildcards: TAXONOMY,
        annotations=lambda wildcards: [str(path) for path in find_files(f"annotations/{STUDY.study}")],
    output:
        annotated=f"{RESULTS}/errors/annotated.parquet",
        rows=f"{RESULTS}/errors/annotations.parquet",
        facts=f"{RESULTS}/errors/annotations.json",
        agreement=f"{RESULTS}/errors/agreement.parquet",
        disagreements=f"{RESULTS}/errors/disagreements.parquet",
    log:
        f"{RESULTS}/logs/errors/read_annotations.log",
    benchmark:
        f"{RESULTS}/timings/rules/read_annotations.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=10),
        runtime=minutes(30),
    params:
        code=code("errors/read_annotations"),
    message:
        "Read what people wrote in annotations/{STUDY.study}"
    script:
        "../scripts/errors/read_annotations.py"


rule project_errors:
    input:
        texts=f"{RESULTS}/text/texts.parquet",
        facts=f"{RESULTS}/text/texts.json",
        predictions=f"{RESULTS}/classifier/predictions.parquet",
        states=f"{RESULTS}/errors/states.parquet",
    output:
        points=f"{RESULTS}/errors/points.parquet",
        facts=f"{RESULTS}/errors/map.json",
    log:
        f"{RESULTS}/logs/errors/project_errors.log",
    benchmark:
        f"{RESULTS}/timings/rules/project_errors.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=20),
        runtime=minutes(60),
    params:
        code=code("errors/project_errors"),
        seed=CONFIG["seed"],
        options=FAILED["map"],
    message:
        "Project the errors into two dimensions"
    script:
        "../scripts/errors/project_errors.py"


rule draw_map:
    input:
        points=f"{RESULTS}/errors/points.parquet",
        facts=f"{RESULTS}/errors/map.json",
        texts_facts=f"{RESULTS}/text/texts.json",
        sheet=f"{RESULTS}/errors/sheet.parquet",
        annotated=f"{RESULTS}/errors/annotated.parquet",
        page=[f"{BASE}/report/pages/error-map.{kind}" for kind in ("html.j2", "css", "js")],
    output:
        report(
            f"{RESULTS}/error-map.html",
            caption=caption("error-map"),
            category="Pages to explore",
            labels={"page": "map of the errors"},
        ),
    log:
        f"{RESULTS}/logs/errors/draw_map.log",
    benchmark:
        f"{RESULTS}/timings/rules/draw_map.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=10),
        runtime=minutes(30),
    params:
        code=code("errors/draw_map"),
        title=lambda wildcards: CONFIG["text"]["title"],
    message:
        "Draw the map of the errors as a page"
    script:
        "../scripts/errors/draw_map.py"


rule describe_errors:
    input:
        texts_facts=f"{RESULTS}/text/texts.json",
        sheet=f"{RESULTS}/errors/sheet.parquet",
        tags=f"{RESULTS}/errors/tags.json",
        attributions=f"{RESULTS}/errors/attributions.json",
        annotated=f"{RESULTS}/errors/annotated.parquet",
        annotations=f"{RESULTS}/errors/annotations.json",
        agreement=f"{RESULTS}/errors/agreement.parquet",
        disagreements=f"{RESULTS}/errors/disagreements.parquet",
        points=f"{RESULTS}/errors/points.parquet",
        map=f"{RESULTS}/errors/map.json",
        taxonomy=lambda wildcards: TAXONOMY,
        timings=[f"{RESULTS}/timings/errors/{name}.json" for name in ("represent_texts", "explain_errors")],
    output:
        artefacts("errors", ERRORS_TABLES, ERRORS_FIGURES),
        timings=CLOCKED["errors"],
    log:
        f"{RESULTS}/logs/errors/describe_errors.log",
    benchmark:
        f"{RESULTS}/timings/rules/describe_errors.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=10),
        runtime=minutes(30),
    params:
        code=code("errors/describe_errors"),
        options=FAILED,
    message:
        "Describe the errors"
    script:
        "../scripts/errors/describe_errors.py"
