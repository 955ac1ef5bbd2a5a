"""Walk along further permutations until the values are as sure as they are asked to be."""

from itertools import chain

from inquest.artefacts import read_json, read_table, write_json, write_tables
from inquest.runtime import Progress, alone, job, limit_threads
from inquest.shapley.further import FurtherWalks, walk_until

with job(snakemake), alone(snakemake.params.lock):
    limit_threads(1)  # each walk has one: their last bits must not depend on how many go side by side
    p, given, game = snakemake.params, snakemake.input, snakemake.wildcards.game
    first = [walk for path in given.walks for _, walk in read_table(path).groupby("permutation")]
    files = {"problem": given.problem, "clean": given.clean, "players": given.players}
    walks = FurtherWalks(p.folder, game, files, p.options | {"code": p.code}, snakemake.threads)
    players = read_json(given.players)
    names = players["rows"] if game == "rows" else players["names"]
    progress = Progress(f"further walks of {game}, at most", p.until["max_permutations"] - len(first))

    def say(look):
        """Say in the log how sure the values are."""
        error = "not known yet" if look["player"] is None else f"{look['largest']:.3g}"
        print(f"after {look['permutations']} permutations the largest standard error is {error}", flush=True)

    found = walk_until(
        first, lambda numbers: walks.read(numbers, progress.step), p.until, p.options["antithetic"], say
    )
    for look in found["looks"]:
        look["player"] = None if look["player"] is None else names[look["player"]]
    added = range(len(first), found["permutations"])
    walks.tidy()
    write_tables(
        snakemake.output.walks, chain([first[0].iloc[:0]], (walks.read([number])[0] for number in added))
    )
    write_json(snakemake.output.facts, found | walks.account(added))
