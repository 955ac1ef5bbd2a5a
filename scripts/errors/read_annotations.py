"""Read and merge what people wrote of the errors."""

from inquest.artefacts import read_table, write_json, write_table
from inquest.runtime import job
from inquest.text.errors.annotations import read_annotations
from inquest.text.errors.taxonomy import read_taxonomy

with job(snakemake):
    given, output = snakemake.input, snakemake.output
    texts = read_table(given.texts)
    found = read_annotations(
        given.get("annotations", []),
        read_table(given.sheet),
        read_taxonomy(given.taxonomy),
        known=texts.loc[texts["part"] == "test", "id"],
    )
    agreement, disagreements = found.agreement()
    write_table(output.rows, found.table)
    write_table(output.annotated, found.merged())
    write_table(output.agreement, agreement)
    write_table(output.disagreements, disagreements)
    write_json(output.facts, found.facts())
