"""Make the texts with their labels, and split them."""

from pathlib import Path

from inquest.artefacts import write_json, write_table
from inquest.data.raw import read_raw
from inquest.runtime import job, seed_for
from inquest.text.texts import RawTexts, make_texts

with job(snakemake):
    p = snakemake.params
    used = [p.options[key] for key in ("text", "pair", "label")]
    raw = [
        RawTexts(name, part, read_raw(Path(path), p.options, skip_rows, name, section="text", used=used))
        for path, skip_rows, name, part in zip(
            snakemake.input.raw, p.skip_rows, p.names, p.parts, strict=True
        )
    ]
    texts, facts = make_texts(raw, p.options, seed_for(p.seed, "texts"))
    write_table(snakemake.output.texts, texts)
    write_json(snakemake.output.facts, facts)
