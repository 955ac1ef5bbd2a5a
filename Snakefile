# inquest: what made this model what it is?
#
#   snakemake --cores 2                                     the default study (config.yaml)
#   snakemake --cores 2 --configfile studies/iris.yaml      another one
#
# Each chapter is a file in rules/, scripts/<chapter>/ and report/chapters/; `documents` in the config
# says which of them make up which report.

from snakemake.utils import min_version

min_version("9.0")

if "study" not in config and not workflow.configfiles:

    configfile: "config.yaml"


report: "report/captions/workflow.rst"


include: "rules/common.smk"


if STUDY.data:

    include: "rules/data.smk"
    include: "rules/baseline.smk"
    include: "rules/influence.smk"
    include: "rules/shapley.smk"
    include: "rules/quality.smk"
    include: "rules/explorer.smk"


if STUDY.text:

    include: "rules/text.smk"
    include: "rules/classifier.smk"
    include: "rules/llm.smk"
    include: "rules/errors.smk"


include: "rules/report.smk"
include: "rules/bundle.smk"
include: "rules/verify.smk"


rule all:
    default_target: True
    input:
        expand("{results}/{document}.pdf", results=RESULTS, document=STUDY.documents),
        PAGES,
        HANDED_IN,
        RUN,
        [CLOCKED[name] for name in CHAPTERS if name in CLOCKED],


onerror:
    complaints(log)
