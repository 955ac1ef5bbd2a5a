# From the chapters' artefacts to HTML and PDF.


def chapter_artefacts(wildcards):
    return [path for chapter in STUDY.documents[wildcards.document].chapters for path in REPORTED[chapter]]


def chapter_templates(wildcards):
    return [f"{BASE}/report/chapters/{name}.html.j2" for name in STUDY.documents[wildcards.document].chapters]


def rubric_file(wildcards):
    rubric = STUDY.documents[wildcards.document].rubric
    return f"{BASE}/report/rubrics/{rubric}.yaml" if rubric else []


rule provenance:
    input:
        [path for paths in REPORTED.values() for path in paths],
        retraining=f"{RESULTS}/timings/retraining.json",
    output:
        f"{RESULTS}/timings/provenance.json",
    log:
        f"{RESULTS}/logs/report/provenance.log",
    params:
        code=code("report/provenance"),
        timings=f"{RESULTS}/timings/rules",
        base=str(BASE),
    conda:
        ENVIRONMENT
    message:
        "Write down what ran, where, and for how long"
    script:
        "../scripts/report/provenance.py"


rule html:
    input:
        artefacts=chapter_artefacts,
        chapters=chapter_templates,
        rubric=rubric_file,
        templates=[str(path) for path in sorted((BASE / "report").glob("*.j2"))],
        style=f"{BASE}/report/style.css",
        references=f"{BASE}/report/references.json",
        provenance=f"{RESULTS}/timings/provenance.json",
        retraining=f"{RESULTS}/timings/retraining.json",
    output:
        f"{RESULTS}/{{document}}.html",
    log:
        f"{RESULTS}/logs/report/html-{{document}}.log",
    wildcard_constraints:
        document="|".join(STUDY.documents),
    params:
        code=code("report/html"),
        config=CONFIG,
        document=lambda wildcards: CONFIG["documents"][wildcards.document],
        results=RESULTS,
    conda:
        ENVIRONMENT
    message:
        "Typeset {wildcards.document}"
    script:
        "../scripts/report/html.py"


rule pdf:
    input:
        f"{RESULTS}/{{document}}.html",
    output:
        f"{RESULTS}/{{document}}.pdf",
    log:
        f"{RESULTS}/logs/report/pdf-{{document}}.log",
    wildcard_constraints:
        document="|".join(STUDY.documents),
    params:
        code=code("report/pdf"),
        paper=lambda wildcards: CONFIG["documents"][wildcards.document]["paper"],
    conda:
        ENVIRONMENT
    message:
        "Print {wildcards.document} as PDF"
    script:
        "../scripts/report/pdf.py"
