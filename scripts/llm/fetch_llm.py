"""Make the folder of the language model, or note where its endpoint is."""

from pathlib import Path

from inquest.artefacts import write_json
from inquest.runtime import job

with job(snakemake):
    p = snakemake.params
    if p.source["endpoint"]:
        facts = {"kind": "endpoint", "place": p.source["endpoint"], "member": p.source["name"]}
    else:
        from inquest.text.llm.models import fetch_llm

        facts = fetch_llm(p.source, Path(p.downloads), Path(snakemake.output.folder))
    write_json(snakemake.output.facts, facts)
