"""Fine-tune the encoder on the training texts, going on from a checkpoint if an earlier run left one."""

import shutil
from pathlib import Path

from inquest.artefacts import read_json, read_table, write_json
from inquest.runtime import alone, job
from inquest.text.encoder import save_classifier
from inquest.text.finetune import FineTuning, checkpoint_folder

with job(snakemake), alone(snakemake.params.lock):
    p, output = snakemake.params, snakemake.output
    facts, encoder = read_json(snakemake.input.facts), snakemake.input.encoder
    tuning = FineTuning(encoder, read_table(snakemake.input.texts), facts["classes"], p.options, p.seed)
    checkpoints = checkpoint_folder(
        p.checkpoints, [snakemake.input.texts, snakemake.input.encoder_facts], p.options, p.seed, p.code
    )
    history, seconds = tuning.train(checkpoints, p.tracking)
    save_classifier(tuning.model, tuning.tokenizer, tuning.classes, p.options["max_length"], output.model)
    write_json(output.facts, tuning.facts())
    write_json(output.timings, {**tuning.hardware, **seconds})
    write_json(output.history, history)
    shutil.rmtree(Path(p.checkpoints))  # of this training, and of ones that were given up
