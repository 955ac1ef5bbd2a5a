# Grading by rerun: the study computed anew, and held against the manifest in reference/ (docs/rerun-and-grade.md).


# Without output it always runs when it is asked for, and `all` never does.
rule verify:
    log:
        f"results/verify/{STUDY.study}.log",
    conda:
        ENVIRONMENT
    threads: workflow.resource_settings.cores or 1
    resources:
        mem_mb=memory(16000),
        runtime=minutes(1440),
    params:
        study=STUDY.study,
        config=config,
        digest=work_digest(STUDY),
        manifest=f"reference/{STUDY.study}.json",
        freeze=freeze_command(),
        report=f"results/verify/{STUDY.study}/verification",
        chapters=list(CHAPTERS),
        documents=list(STUDY.documents),
        base=str(BASE),
        python=sys.executable,
        options=software_options(),
    message:
        "Run the study {STUDY.study} anew, and compare"
    script:
        "../scripts/verify/verify.py"
