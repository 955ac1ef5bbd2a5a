# From the chapters' artefacts to HTML and PDF.

# What the documents say of the run that made them: all of it, or what was recorded of one that computed the same,
# so that a rerun prints the same.
RUN = f"{RESULTS}/timings/provenance.json"


rule provenance:
    input:
        read_by(CHAPTERS),
    output:
        RUN,
    log:
        f"{RESULTS}/logs/report/provenance.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000),
        runtime=minutes(30),
    params:
        code=code("report/provenance"),
        timings=lambda wildcards: [f"{RESULTS}/timings/rules/{name}.tsv" for name in TIMED],
        base=str(BASE),
    message:
        "Write down what ran, where, and for how long"
    script:
        "../scripts/report/provenance.py"


localrules:
    draw_rules,
    html,
    pdf,


rule draw_rules:
    output:
        figure=f"{RESULTS}/rules/{{document}}/figures/rules.svg",
        facts=f"{RESULTS}/rules/{{document}}/facts.json",
    log:
        f"{RESULTS}/logs/report/rules-{{document}}.log",
    wildcard_constraints:
        document="|".join(STUDY.documents),
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000),
        runtime=minutes(30),
    params:
        code=code("report/draw_rules"),
        edges=lambda wildcards: feeding(wildcards.document),
    message:
        "Draw the rules behind {wildcards.document}"
    script:
        "../scripts/report/draw_rules.py"


rule html:
    input:
        artefacts=lambda wildcards: read_by(chapters_of(wildcards.document)),
        chapters=lambda wildcards: [
            str(path)
            for name in chapters_of(wildcards.document)
            for path in sorted((BASE / "report" / "chapters").glob(f"{name}.*"))
        ],
        rubric=lambda wildcards: rubric_of(wildcards.document),
        templates=[str(path) for path in sorted((BASE / "report").glob("*.j2"))],
        rules=[f"{RESULTS}/rules/{{document}}/{name}" for name in ("facts.json", "figures/rules.svg")],
        style=f"{BASE}/report/style.css",
        references=[
            f"{BASE}/report/references.json",
            *(os.path.expanduser(path) for path in STUDY.references),
        ],
        citation_style=lambda wildcards: [
            os.path.expanduser(style)
            for style in [STUDY.documents[wildcards.document].citation_style]
            if style.endswith(".csl")
        ],
        provenance=RUN if STUDY.provenance == "full" else [],
        timings=lambda wildcards: timings_of(wildcards.document).values(),
        record=RECORD,
    output:
        page=report(
            f"{RESULTS}/{{document}}.html",
            caption=caption("document-page"),
            category="Documents",
            labels={"document": "{document}", "form": "page"},
        ),
        marks=f"{RESULTS}/marks/{{document}}.json",
    log:
        f"{RESULTS}/logs/report/html-{{document}}.log",
    wildcard_constraints:
        document="|".join(STUDY.documents),
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=4),
        runtime=minutes(30),
    params:
        code=code("report/html"),
        config=lambda wildcards: concerning(STUDY, wildcards.document),
        document=lambda wildcards: CONFIG["documents"][wildcards.document],
        chapters=lambda wildcards: {name: f"{RESULTS}/{name}" for name in chapters_of(wildcards.document)},
        timings=lambda wildcards: timings_of(wildcards.document),
        ran=lambda wildcards: code_that_ran(wildcards.document),
    message:
        "Typeset {wildcards.document}"
    script:
        "../scripts/report/html.py"


rule pdf:
    input:
        f"{RESULTS}/{{document}}.html",
    output:
        report(
            f"{RESULTS}/{{document}}.pdf",
            caption=caption("document-pdf"),
            category="Documents",
            labels={"document": "{document}", "form": "PDF"},
        ),
    log:
        f"{RESULTS}/logs/report/pdf-{{document}}.log",
    wildcard_constraints:
        document="|".join(STUDY.documents),
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(2000, times=4),
        runtime=minutes(30),
    params:
        code=code("report/pdf"),
        paper=lambda wildcards: CONFIG["documents"][wildcards.document]["paper"],
        pages=lambda wildcards: CONFIG["documents"][wildcards.document]["pages"],
    message:
        "Print {wildcards.document} as PDF"
    script:
        "../scripts/report/pdf.py"
