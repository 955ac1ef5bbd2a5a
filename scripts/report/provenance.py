"""Write down what ran, where, with which packages, for how long: what no rerun reproduces."""

from inquest.artefacts import write_json
from inquest.report.provenance import commit, packages, rule_times
from inquest.runtime import hardware, job

with job(snakemake):
    p = snakemake.params
    write_json(
        snakemake.output[0],
        {
            "versions": packages(p.base),
            "hardware": hardware(),
            "commit": commit(p.base),
            "rules": rule_times(p.timings),
        },
    )
