"""Put the errors, and some texts that were classified right, on maps."""

from inquest.artefacts import read_json, read_table, write_json, write_table
from inquest.runtime import job
from inquest.text.errors.nearest import states_of
from inquest.text.errors.projection import map_errors

with job(snakemake):
    found, p = snakemake.input, snakemake.params
    texts, classes = read_table(found.texts), read_json(found.facts)["classes"]
    tests = texts[texts["part"] == "test"]
    states = states_of(read_table(found.states), tests["row"])
    points, facts = map_errors(tests, read_table(found.predictions), classes, states, p.options, p.seed)
    write_table(snakemake.output.points, points)
    write_json(snakemake.output.facts, facts)
