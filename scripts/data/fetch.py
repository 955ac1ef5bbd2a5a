"""Make one raw file from its source."""

from pathlib import Path

from inquest.artefacts import write_json
from inquest.data.sources import fetch
from inquest.runtime import job

with job(snakemake):
    facts = fetch(snakemake.params.source, Path(snakemake.params.downloads), Path(snakemake.output.raw))
    write_json(snakemake.output.facts, facts)
