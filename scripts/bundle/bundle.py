"""Pack what a course asks to be handed in."""

from pathlib import Path

from inquest.bundle import code_files, contents_note, own_files, write_zip
from inquest.runtime import job

with job(snakemake):
    given, p = snakemake.input, snakemake.params
    own, left = own_files(p.own, ".")
    reports = sorted(path for path in Path(given.named).iterdir() if not path.name.startswith("."))
    files = {path.name: path for path in reports}
    files |= {f"marks/{Path(path).name}": Path(path) for path in given.marks}
    if given.sheet:
        files["errors/errors.xlsx"] = Path(given.sheet)
    for path in map(Path, given.annotated):
        files[f"errors/annotations/{path.relative_to(f'annotations/{p.study}').as_posix()}"] = path
    files |= {f"code/{name}": path for name, path in {**code_files(p.base), **own}.items()}
    pdfs = [path.name for path in reports if path.suffix == ".pdf"]
    files["CONTENTS.txt"] = contents_note(p.title, pdfs, "errors/errors.xlsx" in files, p.command, left)
    write_zip(snakemake.output[0], files, Path(snakemake.output[0]).stem)
