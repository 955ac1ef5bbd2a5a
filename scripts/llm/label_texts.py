"""Label the test texts with the prompt that was chosen."""

from inquest.artefacts import read_json, read_table, write_json, write_table
from inquest.runtime import job, seed_for
from inquest.text.llm.labels import answers_of, draw, labeller_for
from inquest.text.llm.prompts import build_prompts

with job(snakemake):
    found, p = snakemake.input, snakemake.params
    texts, classes = read_table(found.texts), read_json(found.texts_facts)["classes"]
    prompts = build_prompts(p.options["prompts"], texts[texts["part"] == "train"], classes, p.seed)
    chosen = read_json(found.prompts_facts)["chosen"]
    asked = draw(texts, "test", p.options["test"], seed_for(p.seed, "llm", "test"))
    labeller = labeller_for(p.options, p.request, found.get("folder"), p.cache)
    said = labeller.label(next(prompt for prompt in prompts if prompt.name == chosen), asked)
    table = answers_of(said, asked)
    table.insert(1, "id", asked["id"].to_numpy())
    write_table(snakemake.output.labels, table)
    write_json(snakemake.output.timings, said.timings())
