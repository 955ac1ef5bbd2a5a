"""Compare the prompts on validation texts, and choose the best one."""

from inquest.artefacts import read_json, read_table, write_json, write_table
from inquest.runtime import job, seed_for
from inquest.text.llm.labels import choose, draw, labeller_for
from inquest.text.llm.prompts import build_prompts

with job(snakemake):
    found, p = snakemake.input, snakemake.params
    texts, classes = read_table(found.texts), read_json(found.texts_facts)["classes"]
    prompts = build_prompts(p.options["prompts"], texts[texts["part"] == "train"], classes, p.seed)
    asked = draw(texts, "validation", p.options["validation"], seed_for(p.seed, "llm", "validation"))
    choice = choose(prompts, labeller_for(p.options, p.request, found.get("folder"), p.cache), asked)
    first = asked.iloc[0]
    facts = {
        "chosen": choice.chosen,
        "scores": choice.scores.drop(columns="seconds").to_dict("records"),
        "messages": {prompt.name: prompt.messages(first["text"], first.get("pair")) for prompt in prompts},
    }
    write_table(snakemake.output.prompts, choice.answers)
    write_json(snakemake.output.facts, facts)
    seconds = dict(zip(choice.scores["name"], choice.scores["seconds"], strict=True))
    write_json(snakemake.output.timings, {**choice.timings, "prompts": seconds})
