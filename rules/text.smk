# Raw files -> texts with labels, in three parts -> what the report says of them.

TEXT_SOURCES = dict(zip(STUDY.text.raw_names(), CONFIG["text"]["sources"]))
TEXT_TABLES = ["labels"]
TEXT_FIGURES = ["words"]
TIMED += [*(f"fetch_text-{source}" for source in TEXT_SOURCES), "make_texts", "describe_text"]
REPORTED["text"] = artefacts("text", TEXT_TABLES, TEXT_FIGURES)


localrules:
    fetch_text,


rule fetch_text:
    input:
        files=lambda wildcards: inside(
            TEXT_SOURCES[wildcards.source]["file"] or TEXT_SOURCES[wildcards.source]["dataset"]
        ),
    output:
        raw=f"{RESULTS}/text/raw/{{source}}",
        facts=f"{RESULTS}/text/raw/{{source}}.json",
    log:
        f"{RESULTS}/logs/text/fetch_text-{{source}}.log",
    benchmark:
        f"{RESULTS}/timings/rules/fetch_text-{{source}}.tsv"
    wildcard_constraints:
        source="|".join(TEXT_SOURCES),
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000),
        runtime=minutes(60),
    params:
        code=code("data/fetch"),
        source=lambda wildcards: TEXT_SOURCES[wildcards.source],
        downloads="results/downloads",
    message:
        "Fetch the raw texts {wildcards.source}"
    script:
        "../scripts/data/fetch.py"


rule make_texts:
    input:
        raw=expand("{results}/text/raw/{source}", results=RESULTS, source=TEXT_SOURCES),
    output:
        texts=f"{RESULTS}/text/texts.parquet",
        facts=f"{RESULTS}/text/texts.json",
    log:
        f"{RESULTS}/logs/text/make_texts.log",
    benchmark:
        f"{RESULTS}/timings/rules/make_texts.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=20),
        runtime=minutes(30),
    params:
        code=code("text/make_texts"),
        seed=CONFIG["seed"],
        skip_rows=[source["skip_rows"] for source in TEXT_SOURCES.values()],
        names=lambda wildcards: [
            source["member"] or source["file"] or source["url"] or source["dataset"]
            for source in TEXT_SOURCES.values()
        ],
        parts=[source["part"] for source in TEXT_SOURCES.values()],
        options={
            key: CONFIG["text"][key]
            for key in (
                "title separator encoding quotes header columns text pair label names ranges positive incomplete split"
            ).split()
        },
    message:
        "Make the texts and split them"
    script:
        "../scripts/text/make_texts.py"


rule describe_text:
    input:
        texts=f"{RESULTS}/text/texts.parquet",
        facts=f"{RESULTS}/text/texts.json",
        sources=expand("{results}/text/raw/{source}.json", results=RESULTS, source=TEXT_SOURCES),
    output:
        artefacts("text", TEXT_TABLES, TEXT_FIGURES),
    log:
        f"{RESULTS}/logs/text/describe_text.log",
    benchmark:
        f"{RESULTS}/timings/rules/describe_text.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=20),
        runtime=minutes(30),
    params:
        code=code("text/describe_text"),
        seed=CONFIG["seed"],
        about=lambda wildcards: CONFIG["text"]["about"],
    message:
        "Describe the texts"
    script:
        "../scripts/text/describe_text.py"
