"""Draw which rules feed which, down to a document."""

from inquest.artefacts import write_json
from inquest.report.plots import rules
from inquest.runtime import job

with job(snakemake):
    edges = snakemake.params.edges
    rules.graph(snakemake.output.figure, edges)
    makers, readers = ({edge[end] for edge in edges} for end in (0, 1))
    facts = {"edges": edges, "rules": makers | readers, "first": makers - readers, "last": readers - makers}
    write_json(snakemake.output.facts, facts)
