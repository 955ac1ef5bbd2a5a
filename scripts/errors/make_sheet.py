"""Write the error sheet in its three forms, and what the suggested tags mean."""

from inquest.artefacts import read_json, read_table, write_json, write_table
from inquest.runtime import job
from inquest.text.errors.findings import look_into
from inquest.text.errors.sheet import make_sheet, wrong_texts
from inquest.text.errors.spreadsheet import write_csv, write_xlsx
from inquest.text.errors.taxonomy import read_taxonomy

with job(snakemake):
    found, output, p = snakemake.input, snakemake.output, snakemake.params
    taxonomy = read_taxonomy(found.taxonomy)
    texts, facts = read_table(found.texts), read_json(found.facts)
    predictions = read_table(found.predictions)
    labels = read_table(found.labels) if found.labels else None
    errors = wrong_texts(texts, predictions, facts["classes"], facts["positive"])
    findings, about = look_into(
        errors,
        texts,
        predictions,
        baselines=read_table(found.baselines),
        states=read_table(found.states),
        words=read_table(found.attributions),
        labels=labels,
        classes=facts["classes"],
        neighbours=p.neighbours,
    )
    sheet = make_sheet(errors, findings, labels)
    write_table(output.sheet, sheet)
    write_xlsx(output.xlsx, sheet, taxonomy)
    write_csv(output.csv, sheet)
    write_json(output.tags, about)
