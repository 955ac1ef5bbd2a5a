# What is handed in: the documents under the names that a course asks for, and an archive with the code beside them.

NAMED = f"{RESULTS}/hand-in"
SHEET = f"{RESULTS}/errors/errors.xlsx" if "errors" in CHAPTERS else []
HANDED_IN = [NAMED] if any(document.file for document in STUDY.documents.values()) else []
ANNOTATED = inside(f"annotations/{STUDY.study}")


localrules:
    name_documents,
    bundle,


rule name_documents:
    input:
        documents=expand(
            "{results}/{document}.{ending}",
            results=RESULTS,
            document=STUDY.documents,
            ending=["pdf", "html"],
        ),
        pages=PAGES,
    output:
        directory(NAMED),
    log:
        f"{RESULTS}/logs/bundle/name_documents.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(500),
        runtime=minutes(10),
    params:
        code=code("bundle/name_documents"),
        names=lambda wildcards: STUDY.file_names(),
    message:
        "Give the documents the names they are handed in under"
    script:
        "../scripts/bundle/name_documents.py"


rule bundle:
    input:
        named=NAMED,
        marks=expand("{results}/marks/{document}.json", results=RESULTS, document=STUDY.documents),
        sheet=SHEET,
        annotated=ANNOTATED,
    output:
        f"{RESULTS}/{STUDY.bundle_name()}",
    log:
        f"{RESULTS}/logs/bundle/bundle.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        code=code("bundle/bundle"),
        base=str(BASE),
        title=lambda wildcards: next(iter(STUDY.documents.values())).title,
        own=lambda wildcards: own_inputs(),
        study=STUDY.study,
        digest=lambda wildcards: files_digest({**code_files(BASE), **own_files(own_inputs(), ".")[0]}),
        command=lambda wildcards: rerun_command(),
    message:
        "Pack what is handed in"
    script:
        "../scripts/bundle/bundle.py"
