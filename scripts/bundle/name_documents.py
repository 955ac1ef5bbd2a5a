"""Copy the documents to the names that they are handed in under, with the pages that they link to."""

import shutil
from pathlib import Path

from inquest.runtime import job

with job(snakemake):
    folder = Path(snakemake.output[0])
    folder.mkdir(parents=True)
    for document, name in snakemake.params.names.items():
        for ending in (".pdf", ".html"):
            source = next(path for path in snakemake.input.documents if Path(path).name == document + ending)
            shutil.copyfile(source, folder / f"{name[:-4]}{ending}")
    for page in snakemake.input.pages:
        shutil.copyfile(page, folder / Path(page).name)
