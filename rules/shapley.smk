# Truncated Monte Carlo Data Shapley: a game of rows, a game of groups, a job for each permutation.

PERMUTATIONS = STUDY.shapley.permutations
SPOT_CHECKS = STUDY.shapley.spot_checks
GAMES = ["rows", *(["groups"] if STUDY.shapley.groups else [])]
# a walk through a few groups takes less time than the start of a job: at least ten of them in one
PER_JOB = {"rows": STUDY.shapley.permutations_per_job, "groups": max(10, STUDY.shapley.permutations_per_job)}
WALK_JOBS = {game: batches(PERMUTATIONS, PER_JOB[game]) for game in GAMES}
EXACT = STUDY.shapley.groups and len(GROUPS) <= STUDY.shapley.exact_groups_up_to
UNTIL = STUDY.shapley.until
# where groups have exact values, no estimate has to become surer
WALKED_ON = [game for game in GAMES if UNTIL and not (game == "groups" and EXACT)]
SIDE_BY_SIDE = 10  # further walks, if there are so many cores: a round of them
VALUED = STUDY.shapley.rows or math.inf
NEIGHBOURS = 5
SHAPLEY_TABLES = ["values", "best", "worst", "methods", "truncation", "agreement", *GAMES[1:]]
SHAPLEY_FIGURES = ["values", "running", "loo", "map", *GAMES[1:]]
# leave-one-out in the game of all rows is what the influence chapter may have found already
VALUED_LEFT_OUT = (
    f"{EVERY_ROW}.parquet"
    if EVERY_ROW and STUDY.shapley.rows is None
    else f"{RESULTS}/shapley/rows/leave_one_out.parquet"
)
TIMED += [
    "draw_players",
    "value_by_neighbours",
    "map_rows",
    *(["spot_check"] if SPOT_CHECKS else []),
    *(["gather_players"] if STUDY.shapley.groups else []),
    *(["exact_groups"] if EXACT else []),
    *(f"permutation-{game}-{index}" for game in GAMES for index in WALK_JOBS[game]),
    *(f"walk_on-{game}" for game in WALKED_ON),
    "describe_shapley",
]
REPORTED["shapley"] = artefacts("shapley", SHAPLEY_TABLES, SHAPLEY_FIGURES)
RETRAINING += [
    {"what": "Shapley values of rows", "times": PERMUTATIONS, "prefixes": VALUED},
    {"what": "spot checks", "times": SPOT_CHECKS, "share": 0.5},
]
if STUDY.shapley.groups:
    RETRAINING += [
        {"what": "Shapley values of groups", "times": PERMUTATIONS * len(GROUPS), "share": 1.0},
    ]
for game in WALKED_ON:
    most = UNTIL.max_permutations - PERMUTATIONS
    RETRAINING += [
        {"what": f"Shapley values of {game} until they are sure", "at_most": True}
        | (
            {"times": most, "prefixes": VALUED}
            if game == "rows"
            else {"times": most * len(GROUPS), "share": 1.0}
        )
    ]
if EXACT:
    RETRAINING += [{"what": "exact values of groups", "times": 2 ** len(GROUPS), "share": 1.0}]
if VALUED_LEFT_OUT.startswith(f"{RESULTS}/shapley"):
    TIMED += ["leave_players_out"]
    RETRAINING += [{"what": "leave-one-out of the valued rows", "times": VALUED, "rows": VALUED}]


rule draw_players:
    input:
        problem=RETRAIN_INPUT["problem"],
        clean=RETRAIN_INPUT["clean"],
    output:
        f"{RESULTS}/shapley/rows/players.json",
    log:
        f"{RESULTS}/logs/shapley/draw_players.log",
    benchmark:
        f"{RESULTS}/timings/rules/draw_players.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=4),
        runtime=minutes(30),
    params:
        **RETRAIN_PARAMS,
        code=code("shapley/draw_players"),
        rows=CONFIG["shapley"]["rows"],
        choose=CONFIG["shapley"]["choose"],
    message:
        "Draw the rows that are valued"
    script:
        "../scripts/shapley/draw_players.py"


rule gather_players:
    input:
        problem=RETRAIN_INPUT["problem"],
        clean=RETRAIN_INPUT["clean"],
        groups=LEFT_OUT_GROUPS,
    output:
        f"{RESULTS}/shapley/groups/players.json",
    log:
        f"{RESULTS}/logs/shapley/gather_players.log",
    benchmark:
        f"{RESULTS}/timings/rules/gather_players.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=4),
        runtime=minutes(30),
    params:
        **RETRAIN_PARAMS,
        code=code("shapley/gather_players"),
    message:
        "Gather the groups that are valued"
    script:
        "../scripts/shapley/gather_players.py"


rule permutation:
    input:
        problem=RETRAIN_INPUT["problem"],
        clean=RETRAIN_INPUT["clean"],
        players=f"{RESULTS}/shapley/{{game}}/players.json",
    output:
        walks=f"{RESULTS}/shapley/{{game}}/permutation/{{index}}.parquet",
        solved=f"{RESULTS}/shapley/{{game}}/permutation/{{index}}.json",
    log:
        f"{RESULTS}/logs/shapley/permutation-{{game}}-{{index}}.log",
    benchmark:
        f"{RESULTS}/timings/rules/permutation-{{game}}-{{index}}.tsv"
    wildcard_constraints:
        game="rows|groups",
        index=r"\d+(-\d+)?",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=8),
        runtime=minutes(240),
    params:
        **RETRAIN_PARAMS,
        code=code("shapley/permutation"),
        tolerance=CONFIG["shapley"]["tolerance"],
        antithetic=CONFIG["shapley"]["antithetic"],
    message:
        "Walk along permutation(s) {wildcards.index} of the {wildcards.game}"
    script:
        "../scripts/shapley/permutation.py"


# The folder of the further walks is no output, so that they outlive a run that was cut short.
rule walk_on:
    input:
        problem=RETRAIN_INPUT["problem"],
        clean=RETRAIN_INPUT["clean"],
        players=f"{RESULTS}/shapley/{{game}}/players.json",
        walks=lambda wildcards: expand(
            "{results}/shapley/{game}/permutation/{index}.parquet",
            results=RESULTS,
            game=wildcards.game,
            index=WALK_JOBS[wildcards.game],
        ),
    output:
        walks=f"{RESULTS}/shapley/{{game}}/further.parquet",
        facts=f"{RESULTS}/shapley/{{game}}/further.json",
    log:
        f"{RESULTS}/logs/shapley/walk_on-{{game}}.log",
    benchmark:
        f"{RESULTS}/timings/rules/walk_on-{{game}}.tsv"
    wildcard_constraints:
        game="rows|groups",
    conda:
        ENVIRONMENT
    threads: SIDE_BY_SIDE
    resources:
        mem_mb=memory(600 * SIDE_BY_SIDE, times=8 * SIDE_BY_SIDE),
        runtime=minutes(1440),
    params:
        code=code("shapley/walk_on"),
        options={
            **RETRAIN_PARAMS,
            "tolerance": CONFIG["shapley"]["tolerance"],
            "antithetic": CONFIG["shapley"]["antithetic"],
        },
        until=CONFIG["shapley"]["until"],
        folder=f"{RESULTS}/shapley/{{game}}/further",
        lock=f"{RESULTS}/timings/walk_on-{{game}}.lock",
    message:
        "Walk on until the values of {wildcards.game} are sure"
    script:
        "../scripts/shapley/walk_on.py"


rule leave_players_out:
    input:
        problem=RETRAIN_INPUT["problem"],
        clean=RETRAIN_INPUT["clean"],
        players=f"{RESULTS}/shapley/rows/players.json",
    output:
        f"{RESULTS}/shapley/rows/leave_one_out.parquet",
    log:
        f"{RESULTS}/logs/shapley/leave_players_out.log",
    benchmark:
        f"{RESULTS}/timings/rules/leave_players_out.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=8),
        runtime=minutes(240),
    params:
        **RETRAIN_PARAMS,
        code=code("shapley/leave_players_out"),
    message:
        "Retrain without each of the rows that are valued"
    script:
        "../scripts/shapley/leave_players_out.py"


rule spot_check:
    input:
        problem=RETRAIN_INPUT["problem"],
        clean=RETRAIN_INPUT["clean"],
        players=f"{RESULTS}/shapley/rows/players.json",
        walks=[
            *expand(
                "{results}/shapley/rows/permutation/{index}.parquet",
                results=RESULTS,
                index=WALK_JOBS["rows"],
            ),
            *[f"{RESULTS}/shapley/{game}/further.parquet" for game in WALKED_ON if game == "rows"],
        ],
    output:
        f"{RESULTS}/shapley/rows/spot_checks.json",
    log:
        f"{RESULTS}/logs/shapley/spot_check.log",
    benchmark:
        f"{RESULTS}/timings/rules/spot_check.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=8),
        runtime=minutes(120),
    params:
        **RETRAIN_PARAMS,
        code=code("shapley/spot_check"),
        checks=SPOT_CHECKS,
    message:
        "Retrain from scratch on some prefixes of the walks"
    script:
        "../scripts/shapley/spot_check.py"


rule exact_groups:
    input:
        problem=RETRAIN_INPUT["problem"],
        clean=RETRAIN_INPUT["clean"],
        players=f"{RESULTS}/shapley/groups/players.json",
    output:
        worths=f"{RESULTS}/shapley/groups/coalitions.parquet",
        solved=f"{RESULTS}/shapley/groups/coalitions.json",
    log:
        f"{RESULTS}/logs/shapley/exact_groups.log",
    benchmark:
        f"{RESULTS}/timings/rules/exact_groups.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=8),
        runtime=minutes(240),
    params:
        **RETRAIN_PARAMS,
        code=code("shapley/exact_groups"),
    message:
        "Retrain on every coalition of the groups"
    script:
        "../scripts/shapley/exact_groups.py"


rule value_by_neighbours:
    input:
        features=f"{RESULTS}/baseline/features.parquet",
        clean=RETRAIN_INPUT["clean"],
        players=f"{RESULTS}/shapley/rows/players.json",
    output:
        f"{RESULTS}/shapley/rows/knn_shapley.parquet",
    log:
        f"{RESULTS}/logs/shapley/value_by_neighbours.log",
    benchmark:
        f"{RESULTS}/timings/rules/value_by_neighbours.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=12),
        runtime=minutes(120),
    params:
        code=code("shapley/value_by_neighbours"),
        neighbours=NEIGHBOURS,
    message:
        "Value the same rows by k nearest neighbours, in closed form"
    script:
        "../scripts/shapley/value_by_neighbours.py"


rule map_rows:
    input:
        features=f"{RESULTS}/baseline/features.parquet",
        clean=RETRAIN_INPUT["clean"],
        players=f"{RESULTS}/shapley/rows/players.json",
    output:
        places=f"{RESULTS}/shapley/rows/map.parquet",
        facts=f"{RESULTS}/shapley/rows/map.json",
    log:
        f"{RESULTS}/logs/shapley/map_rows.log",
    benchmark:
        f"{RESULTS}/timings/rules/map_rows.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=8),
        runtime=minutes(30),
    params:
        code=code("shapley/map_rows"),
    message:
        "Put the same rows on a plane"
    script:
        "../scripts/shapley/map_rows.py"


rule describe_shapley:
    input:
        **{
            f"{kind}_{game}": expand(
                "{results}/shapley/{game}/permutation/{index}.{ending}",
                results=RESULTS,
                game=game,
                index=WALK_JOBS[game],
                ending=ending,
            )
            for game in GAMES
            for kind, ending in (("walks", "parquet"), ("solved", "json"))
        },
        further=expand("{results}/shapley/{game}/further.parquet", results=RESULTS, game=WALKED_ON),
        stopped=expand("{results}/shapley/{game}/further.json", results=RESULTS, game=WALKED_ON),
        clean=RETRAIN_INPUT["clean"],
        table=f"{RESULTS}/data/clean.parquet",
        split=f"{RESULTS}/data/split.json",
        players=expand("{results}/shapley/{game}/players.json", results=RESULTS, game=GAMES),
        loo=VALUED_LEFT_OUT,
        knn=f"{RESULTS}/shapley/rows/knn_shapley.parquet",
        map=[f"{RESULTS}/shapley/rows/map.{end}" for end in ("parquet", "json")],
        spot_checks=[f"{RESULTS}/shapley/rows/spot_checks.json"] if SPOT_CHECKS else [],
        left_out=LEFT_OUT_GROUPS if STUDY.shapley.groups else [],
        coalitions=[f"{RESULTS}/shapley/groups/coalitions.{end}" for end in ("parquet", "json") if EXACT],
    output:
        artefacts("shapley", SHAPLEY_TABLES, SHAPLEY_FIGURES),
    log:
        f"{RESULTS}/logs/shapley/describe_shapley.log",
    benchmark:
        f"{RESULTS}/timings/rules/describe_shapley.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=memory(1000, times=4),
        runtime=minutes(30),
    params:
        code=code("shapley/describe_shapley"),
        metric=CONFIG["baseline"]["metric"],
        gradient_tolerance=CONFIG["baseline"]["gradient_tolerance"],
        choose=CONFIG["shapley"]["choose"],
        tolerance=CONFIG["shapley"]["tolerance"],
        antithetic=CONFIG["shapley"]["antithetic"],
        show=CONFIG["shapley"]["show"],
        neighbours=NEIGHBOURS,
    message:
        "Describe the Shapley values"
    script:
        "../scripts/shapley/describe_shapley.py"
