# Raw files -> clean table -> split -> what the report says of them.

SOURCES = dict(zip(STUDY.data.raw_names(), CONFIG["data"]["sources"]))
# What is said of columns and of the split changes no number: the rules that compute are given it without.
SPLIT = {key: value for key, value in CONFIG["data"]["split"].items() if key != "reason"}
DATA_TABLES = ["features", "labels", "duplicates"]
DATA_FIGURES = ["labels", "features"]
TIMED += [*(f"fetch-{source}" for source in SOURCES), "clean", "split", "describe_data"]
REPORTED["data"] = artefacts("data", DATA_TABLES, DATA_FIGURES)


localrules:
    fetch,


rule fetch:
    input:
        files=lambda wildcards: inside(SOURCES[wildcards.source]["file"]),
    output:
        raw=f"{RESULTS}/data/raw/{{source}}",
        facts=f"{RESULTS}/data/raw/{{source}}.json",
    log:
        f"{RESULTS}/logs/data/fetch-{{source}}.log",
    benchmark:
        f"{RESULTS}/timings/rules/fetch-{{source}}.tsv"
    wildcard_constraints:
        source="|".join(SOURCES),
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000),
        runtime=minutes(60),
    params:
        code=code("data/fetch"),
        source=lambda wildcards: SOURCES[wildcards.source],
        downloads="results/downloads",
    message:
        "Fetch the raw file {wildcards.source}"
    script:
        "../scripts/data/fetch.py"


rule clean:
    input:
        raw=expand("{results}/data/raw/{source}", results=RESULTS, source=SOURCES),
    output:
        table=f"{RESULTS}/data/clean.parquet",
        facts=f"{RESULTS}/data/clean.json",
    log:
        f"{RESULTS}/logs/data/clean.log",
    benchmark:
        f"{RESULTS}/timings/rules/clean.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=10),
        runtime=minutes(30),
    params:
        code=code("data/clean"),
        seed=CONFIG["seed"],
        skip_rows=[source["skip_rows"] for source in SOURCES.values()],
        names=lambda wildcards: [
            source["member"] or source["file"] or source["url"] for source in SOURCES.values()
        ],
        options={
            **{
                key: CONFIG["data"][key]
                for key in "separator encoding header columns missing replace drop types label positive sample".split()
            },
            "describe": sorted(CONFIG["data"]["describe"]),
            "split": SPLIT,
        },
    message:
        "Make the clean table"
    script:
        "../scripts/data/clean.py"


rule split:
    input:
        table=f"{RESULTS}/data/clean.parquet",
        facts=f"{RESULTS}/data/clean.json",
    output:
        parts=f"{RESULTS}/data/split.parquet",
        facts=f"{RESULTS}/data/split.json",
    log:
        f"{RESULTS}/logs/data/split.log",
    benchmark:
        f"{RESULTS}/timings/rules/split.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=4),
        runtime=minutes(30),
    params:
        code=code("data/split"),
        seed=CONFIG["seed"],
        label=lambda wildcards: CONFIG["data"]["label"],
        split=SPLIT,
    message:
        "Split the rows into training and test"
    script:
        "../scripts/data/split.py"


rule describe_data:
    input:
        table=f"{RESULTS}/data/clean.parquet",
        clean=f"{RESULTS}/data/clean.json",
        parts=f"{RESULTS}/data/split.parquet",
        split=f"{RESULTS}/data/split.json",
        sources=expand("{results}/data/raw/{source}.json", results=RESULTS, source=SOURCES),
    output:
        artefacts("data", DATA_TABLES, DATA_FIGURES),
    log:
        f"{RESULTS}/logs/data/describe_data.log",
    benchmark:
        f"{RESULTS}/timings/rules/describe_data.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=6),
        runtime=minutes(30),
    params:
        code=code("data/describe_data"),
        title=lambda wildcards: CONFIG["data"]["title"],
        about=lambda wildcards: CONFIG["data"]["about"],
        describe=CONFIG["data"]["describe"],
        split=CONFIG["data"]["split"],
    message:
        "Describe the data"
    script:
        "../scripts/data/describe_data.py"
