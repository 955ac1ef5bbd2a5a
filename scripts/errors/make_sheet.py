"""Write the error sheet, and the ids of all test texts."""

import pandas as pd

from inquest.artefacts import read_json, read_table, write_json, write_table
from inquest.runtime import job
from inquest.text.errors.sheet import judged_texts, make_sheet, wrong_texts

with job(snakemake):
    found, output, p = snakemake.input, snakemake.output, snakemake.params
    texts, facts = read_table(found.texts), read_json(found.facts)
    errors = wrong_texts(texts, read_table(found.predictions), facts["classes"], facts["positive"], p.dataset)
    labels = read_table(found.labels) if found.labels else None
    write_table(output.sheet, make_sheet(errors, pd.DataFrame(index=errors.index), labels))
    test = judged_texts(texts, p.dataset)
    write_json(output.ids, dict(zip(test["id"], test["row"], strict=True)))
