"""Project from the measured fits how long all the retraining takes that the config asks for."""

from inquest.artefacts import read_json, write_json
from inquest.learners.judge import projected_seconds
from inquest.runtime import job

with job(snakemake):
    classifiers = []
    for timings in map(read_json, snakemake.input.timings):
        plan = [projected_seconds(asked, timings["shares"]) for asked in snakemake.params.retraining]
        classifiers.append(
            {
                **timings,
                **{f"retrain_{i}": share["retrain"] for i, share in enumerate(timings["shares"])},
                "retrains": sum(retrains for retrains, _ in plan),
                "projected": sum(seconds for _, seconds in plan),
            }
        )
    write_json(snakemake.output.timings, {"classifiers": classifiers, "plan": snakemake.params.retraining})
