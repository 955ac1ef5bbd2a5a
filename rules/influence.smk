# Leave-one-out and leave-group-out influence: each an exact retrain of the chosen classifier.

POINTS = STUDY.influence.points.number
POINT_JOBS = batches(POINTS, STUDY.influence.points_per_job)
GROUPS = {
    slug(group["name"]): group | ({"rows": LISTED_ROWS[i]} if i in LISTED_ROWS else {})
    for i, group in enumerate(CONFIG["influence"]["groups"])
}
GROUP_JOBS = group_batches(GROUPS, STUDY.influence.groups_per_job)
LEFT_OUT_GROUPS = expand(
    "{results}/influence/leave_group_out/{groups}.json", results=RESULTS, groups=GROUP_JOBS
)
EVERY_ROW = f"{RESULTS}/influence/every_row" if STUDY.influence.every_row else None
INFLUENCE_TABLES = ["points", "unusual", "groups", "group_repeats"]
INFLUENCE_FIGURES = ["points", "unusual", "sizes", "groups"]
if EVERY_ROW:
    INFLUENCE_TABLES += ["every_row", "helpful", "harmful"]
    INFLUENCE_FIGURES += ["every_row", "ranks"]
    TIMED += ["leave_each_out", "judge_ends"]
    RETRAINING += [{"what": "leave-one-out of every row", "times": math.inf, "rows": math.inf}]
TIMED += [
    "find_unusual",
    "order_points",
    *(f"leave_one_out-{points}" for points in POINT_JOBS),
    *(f"leave_group_out-{groups}" for groups in GROUP_JOBS),
    "describe_influence",
]
REPORTED["influence"] = artefacts("influence", INFLUENCE_TABLES, INFLUENCE_FIGURES)
RETRAINING += [
    {"what": "leave-one-out", "times": POINTS, "share": 1.0},
    *(
        {"what": "leave-group-out", "times": group.get("repeats", 1), "share": 1 - group.get("fraction", 0.0)}
        for group in GROUPS.values()
    ),
]


rule order_points:
    input:
        problem=RETRAIN_INPUT["problem"],
        unusual=f"{RESULTS}/influence/unusual.parquet",
    output:
        f"{RESULTS}/influence/order.parquet",
    log:
        f"{RESULTS}/logs/influence/order_points.log",
    benchmark:
        f"{RESULTS}/timings/rules/order_points.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=4),
        runtime=minutes(30),
    params:
        code=code("influence/order_points"),
        seed=CONFIG["seed"],
        choose=CONFIG["influence"]["points"]["choose"],
        rows=CONFIG["influence"]["points"]["rows"],
    message:
        "Put the training rows in the order in which they are left out"
    script:
        "../scripts/influence/order_points.py"


rule leave_one_out:
    input:
        **RETRAIN_INPUT,
        order=f"{RESULTS}/influence/order.parquet",
    output:
        f"{RESULTS}/influence/leave_one_out/{{points}}.json",
    log:
        f"{RESULTS}/logs/influence/leave_one_out-{{points}}.log",
    benchmark:
        f"{RESULTS}/timings/rules/leave_one_out-{{points}}.tsv"
    wildcard_constraints:
        points=r"\d+(-\d+)?",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=8),
        runtime=minutes(120),
    params:
        **RETRAIN_PARAMS,
        code=code("influence/leave_one_out"),
    message:
        "Retrain from scratch without the point(s) {wildcards.points}"
    script:
        "../scripts/influence/leave_one_out.py"


rule leave_each_out:
    input:
        **RETRAIN_INPUT,
    output:
        table=f"{RESULTS}/influence/every_row.parquet",
        facts=f"{RESULTS}/influence/every_row.json",
    log:
        f"{RESULTS}/logs/influence/leave_each_out.log",
    benchmark:
        f"{RESULTS}/timings/rules/leave_each_out.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=8),
        runtime=minutes(240),
    params:
        **RETRAIN_PARAMS,
        code=code("influence/leave_each_out"),
    message:
        "Retrain without each training row"
    script:
        "../scripts/influence/leave_each_out.py"


rule judge_ends:
    input:
        problem=RETRAIN_INPUT["problem"],
        clean=RETRAIN_INPUT["clean"],
        every=f"{RESULTS}/influence/every_row.parquet",
    output:
        f"{RESULTS}/influence/ends.parquet",
    log:
        f"{RESULTS}/logs/influence/judge_ends.log",
    benchmark:
        f"{RESULTS}/timings/rules/judge_ends.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=8),
        runtime=minutes(60),
    params:
        **RETRAIN_PARAMS,
        code=code("influence/judge_ends"),
    message:
        "Retrain from scratch without the most helpful and the most harmful rows"
    script:
        "../scripts/influence/judge_ends.py"


rule leave_group_out:
    input:
        **RETRAIN_INPUT,
        features=f"{RESULTS}/baseline/features.parquet",
        table=f"{RESULTS}/data/clean.parquet",
    output:
        f"{RESULTS}/influence/leave_group_out/{{groups}}.json",
    log:
        f"{RESULTS}/logs/influence/leave_group_out-{{groups}}.log",
    benchmark:
        f"{RESULTS}/timings/rules/leave_group_out-{{groups}}.tsv"
    wildcard_constraints:
        groups="|".join(GROUP_JOBS),
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=8),
        runtime=minutes(120),
    params:
        **RETRAIN_PARAMS,
        code=code("influence/leave_group_out"),
        label=lambda wildcards: CONFIG["data"]["label"],
        groups=lambda wildcards: GROUP_JOBS[wildcards.groups],
    message:
        "Retrain without the group(s) {wildcards.groups}"
    script:
        "../scripts/influence/leave_group_out.py"


rule find_unusual:
    input:
        problem=RETRAIN_INPUT["problem"],
        clean=RETRAIN_INPUT["clean"],
        features=f"{RESULTS}/baseline/features.parquet",
    output:
        f"{RESULTS}/influence/unusual.parquet",
    log:
        f"{RESULTS}/logs/influence/find_unusual.log",
    benchmark:
        f"{RESULTS}/timings/rules/find_unusual.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=8),
        runtime=minutes(60),
    params:
        **RETRAIN_PARAMS,
        code=code("influence/find_unusual"),
        neighbours=CONFIG["influence"]["neighbours"],
    message:
        "Measure how unusual each training row is"
    script:
        "../scripts/influence/find_unusual.py"


rule describe_influence:
    input:
        clean=RETRAIN_INPUT["clean"],
        table=f"{RESULTS}/data/clean.parquet",
        split=f"{RESULTS}/data/split.json",
        unusual=f"{RESULTS}/influence/unusual.parquet",
        points=expand(
            "{results}/influence/leave_one_out/{points}.json",
            results=RESULTS,
            points=POINT_JOBS,
        ),
        groups=LEFT_OUT_GROUPS,
        every=(
            [f"{EVERY_ROW}.parquet", f"{EVERY_ROW}.json", f"{RESULTS}/influence/ends.parquet"]
            if EVERY_ROW
            else []
        ),
    output:
        artefacts("influence", INFLUENCE_TABLES, INFLUENCE_FIGURES),
    log:
        f"{RESULTS}/logs/influence/describe_influence.log",
    benchmark:
        f"{RESULTS}/timings/rules/describe_influence.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=6),
        runtime=minutes(30),
    params:
        code=code("influence/describe_influence"),
        seed=CONFIG["seed"],
        metric=CONFIG["baseline"]["metric"],
        gradient_tolerance=CONFIG["baseline"]["gradient_tolerance"],
        choose=CONFIG["influence"]["points"]["choose"],
        neighbours=CONFIG["influence"]["neighbours"],
        groups=list(GROUPS.values()),
    message:
        "Describe the influence of rows and groups"
    script:
        "../scripts/influence/describe_influence.py"
