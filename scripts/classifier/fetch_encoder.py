"""Make the folder of the pre-trained encoder."""

from pathlib import Path

from inquest.artefacts import write_json
from inquest.data.folders import fetch_folder
from inquest.runtime import job

with job(snakemake):
    p = snakemake.params
    facts = fetch_folder(p.source, Path(p.downloads), Path(snakemake.output.folder))
    write_json(snakemake.output.facts, facts)
