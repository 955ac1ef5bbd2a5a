# Every training row with what the study found of it, on a page to sort, filter and select.

NEAREST = 5  # rows named beside each one
EXPLORED = [name for name in ("influence", "shapley") if name in CHAPTERS]
if EXPLORED:
    PAGES.append(f"{RESULTS}/explorer.html")


rule gather_rows:
    input:
        table=f"{RESULTS}/data/clean.parquet",
        clean=RETRAIN_INPUT["clean"],
        parts=f"{RESULTS}/data/split.parquet",
        features=f"{RESULTS}/baseline/features.parquet",
        unusual=f"{RESULTS}/influence/unusual.parquet",
        left_out=(
            (f"{EVERY_ROW}.parquet" if EVERY_ROW else f"{RESULTS}/influence/tables/points.parquet")
            if "influence" in EXPLORED
            else []
        ),
        valued=f"{RESULTS}/shapley/tables/values.parquet" if "shapley" in EXPLORED else [],
    output:
        rows=f"{RESULTS}/explorer/rows.parquet",
        neighbours=f"{RESULTS}/explorer/neighbours.parquet",
    log:
        f"{RESULTS}/logs/explorer/gather_rows.log",
    benchmark:
        f"{RESULTS}/timings/rules/gather_rows.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=8),
        runtime=minutes(60),
    params:
        code=code("explorer/gather_rows"),
        metric=CONFIG["baseline"]["metric"],
        neighbours=NEAREST,
    message:
        "Put together what was found of each training row"
    script:
        "../scripts/explorer/gather_rows.py"


rule draw_explorer:
    input:
        rows=f"{RESULTS}/explorer/rows.parquet",
        neighbours=f"{RESULTS}/explorer/neighbours.parquet",
        table=f"{RESULTS}/data/clean.parquet",
        clean=RETRAIN_INPUT["clean"],
        page=[str(path) for path in sorted((BASE / "report" / "pages").glob("explorer*"))],
    output:
        report(
            f"{RESULTS}/explorer.html",
            caption=caption("explorer"),
            category="Pages to explore",
            labels={"page": "training rows"},
        ),
    log:
        f"{RESULTS}/logs/explorer/draw_explorer.log",
    benchmark:
        f"{RESULTS}/timings/rules/draw_explorer.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=20),
        runtime=minutes(30),
    params:
        code=code("explorer/draw_explorer"),
        title=lambda wildcards: CONFIG["data"]["title"],
        describe=lambda wildcards: CONFIG["data"]["describe"],
        metric=CONFIG["baseline"]["metric"],
    message:
        "Write the explorer of the training rows"
    script:
        "../scripts/explorer/draw_explorer.py"
