# Truncated Monte Carlo Data Shapley: a game of rows, a game of groups, a job for each permutation.

PERMUTATIONS = STUDY.shapley.permutations
WALK_JOBS = batches(PERMUTATIONS, STUDY.shapley.permutations_per_job)
GAMES = ["rows", *(["groups"] if STUDY.shapley.groups else [])]
SHAPLEY_TABLES = ["values", "best", "worst", "truncation", *(["groups"] if STUDY.shapley.groups else [])]
SHAPLEY_FIGURES = ["values", "running", "loo", *(["groups"] if STUDY.shapley.groups else [])]
TIMED += [
    "draw_players",
    *(["gather_players"] if STUDY.shapley.groups else []),
    *(f"permutation-{game}-{index}" for game in GAMES for index in WALK_JOBS),
    "describe_shapley",
]
REPORTED["shapley"] = artefacts("shapley", SHAPLEY_TABLES, SHAPLEY_FIGURES)
RETRAINING += [
    {"what": "Shapley values of rows", "times": PERMUTATIONS, "prefixes": STUDY.shapley.rows},
    {"what": "leave-one-out of the valued rows", "times": STUDY.shapley.rows, "rows": STUDY.shapley.rows},
    *(
        {"what": "Shapley values of groups", "times": PERMUTATIONS * len(GROUPS), "share": 1.0}
        for game in GAMES[1:]
    ),
]


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
    params:
        **RETRAIN_PARAMS,
        code=code("shapley/draw_players"),
        rows=CONFIG["shapley"]["rows"],
        choose=CONFIG["shapley"]["choose"],
    message:
        "Draw the rows that are valued, and leave each of them out"
    script:
        "../scripts/shapley/draw_players.py"


rule gather_players:
    input:
        problem=RETRAIN_INPUT["problem"],
        clean=RETRAIN_INPUT["clean"],
        groups=expand("{results}/influence/leave_group_out/{group}.json", results=RESULTS, group=GROUPS),
    output:
        f"{RESULTS}/shapley/groups/players.json",
    log:
        f"{RESULTS}/logs/shapley/gather_players.log",
    benchmark:
        f"{RESULTS}/timings/rules/gather_players.tsv"
    conda:
        ENVIRONMENT
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
        f"{RESULTS}/shapley/{{game}}/permutation/{{index}}.parquet",
    log:
        f"{RESULTS}/logs/shapley/permutation-{{game}}-{{index}}.log",
    benchmark:
        f"{RESULTS}/timings/rules/permutation-{{game}}-{{index}}.tsv"
    wildcard_constraints:
        game="rows|groups",
        index=r"\d+(-\d+)?",
    conda:
        ENVIRONMENT
    params:
        **RETRAIN_PARAMS,
        code=code("shapley/permutation"),
        tolerance=CONFIG["shapley"]["tolerance"],
    message:
        "Walk along permutation(s) {wildcards.index} of the {wildcards.game}"
    script:
        "../scripts/shapley/permutation.py"


rule describe_shapley:
    input:
        **{
            f"walks_{game}": expand(
                "{results}/shapley/{game}/permutation/{index}.parquet",
                results=RESULTS,
                game=game,
                index=WALK_JOBS,
            )
            for game in GAMES
        },
        clean=RETRAIN_INPUT["clean"],
        table=f"{RESULTS}/data/clean.parquet",
        split=f"{RESULTS}/data/split.json",
        players=expand("{results}/shapley/{game}/players.json", results=RESULTS, game=GAMES),
        left_out=[
            f"{RESULTS}/influence/leave_group_out/{group}.json" for group in GROUPS if STUDY.shapley.groups
        ],
    output:
        artefacts("shapley", SHAPLEY_TABLES, SHAPLEY_FIGURES),
    log:
        f"{RESULTS}/logs/shapley/describe_shapley.log",
    benchmark:
        f"{RESULTS}/timings/rules/describe_shapley.tsv"
    conda:
        ENVIRONMENT
    params:
        code=code("shapley/describe_shapley"),
        metric=CONFIG["baseline"]["metric"],
        choose=CONFIG["shapley"]["choose"],
        tolerance=CONFIG["shapley"]["tolerance"],
        show=CONFIG["shapley"]["show"],
    message:
        "Describe the Shapley values"
    script:
        "../scripts/shapley/describe_shapley.py"
