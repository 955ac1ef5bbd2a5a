# Each target first sets up what it needs, in .venv (see envs/bootstrap.py); nothing happens when it is there.
# Works with GNU make 3.81 or newer and a POSIX sh.

CORES = all
STUDY =
PYTHON =
QUICK =
PART =
FORMAT = xlsx

bin = .venv/bin
setup = @PYTHON='$(PYTHON)' sh envs/bootstrap.sh
pytest = $(bin)/python -m pytest -n $(if $(filter all,$(CORES)),logical,$(CORES)) --dist loadfile
# --fork-strategy: one version of each package for every Python, so that results are the same on each.
pins = $(bin)/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 \
	--no-emit-index-url --custom-compile-command 'make lock' --override envs/without-torch.txt

.DEFAULT_GOAL = help
.PHONY: help report verify freeze bundle annotate cluster test test-long test-slurm audit lint format docs pictures lock schema \
	benchmark clean distclean
.NOTPARALLEL:

help:  ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "make report STUDY=studies/iris.yaml CORES=4   another study, on four cores (default: all)"
	@echo "make annotate FORMAT=csv                      the error sheet as CSV (default: xlsx)"
	@echo "make benchmark QUICK=1                        tiny sizes, minutes, results in build/benchmarks"
	@echo "make benchmark PART=text                      the training loop alone (or learners, scale, workflow)"
	@echo "make PYTHON=/path/to/python3.11 ...           the Python that .venv is made with"

report:  ## compute the default study and write its PDFs to results/default/
	$(setup) report
	$(bin)/snakemake --cores $(CORES) $(if $(STUDY),--configfile '$(STUDY)')

verify:  ## run the study anew, and compare what comes out with its manifest in reference/
	$(setup) report
	$(bin)/snakemake verify --cores $(CORES) $(if $(STUDY),--configfile '$(STUDY)')

freeze:  ## run the study, and write its manifest to reference/
	$(setup) report
	PYTHONPATH=src $(bin)/python -m inquest.verify freeze --cores '$(CORES)' $(if $(STUDY),--config '$(STUDY)')

bundle:  ## pack what is handed in: the PDFs under their names, the code, the error sheet
	$(setup) report
	$(bin)/snakemake bundle --cores $(CORES) $(if $(STUDY),--configfile '$(STUDY)')

annotate:  ## copy the error sheet of a study to annotations/, or bring the copy there up to date
	$(setup) report
	$(bin)/snakemake make_sheet --cores $(CORES) $(if $(STUDY),--configfile '$(STUDY)')
	PYTHONPATH=src $(bin)/python -m inquest.text.errors.annotate \
		--config '$(or $(STUDY),config.yaml)' --format '$(FORMAT)'

cluster:  ## set up what Snakemake needs to submit jobs, to Slurm or by other commands: see profiles/
	$(setup) cluster

test:  ## run the tests, but for those that take long and those that need Slurm
	$(setup) test
	$(pytest) -m 'not long and not slurm'

test-long:  ## run the tests that take long: many mutated inputs, whole studies of some of them
	$(setup) test
	$(pytest) -m long

test-slurm:  ## run the tests that need Slurm, beside a Slurm of one node; as root on a Debian-like machine
	$(setup) test
	$(setup) slurm
	sh tests/workflow/beside_slurm.sh $(bin)/python -m pytest -m slurm tests/workflow

lint:  ## check the style of the code and of the workflow
	$(setup) lint
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/snakefmt --check Snakefile rules
	$(bin)/snakemake --lint

audit:  ## ask a database (OSV) for known vulnerabilities of the pinned packages
	$(setup) lint
	$(bin)/python envs/audit.py

format:  ## bring the code to that style
	$(setup) lint
	$(bin)/ruff check --fix .
	$(bin)/ruff format .
	$(bin)/snakefmt Snakefile rules

docs:  ## build the site from docs/, into build/site
	$(setup) lint
	PYTHONPATH=src NO_MKDOCS_2_WARNING=1 $(bin)/mkdocs build --clean --quiet
	@echo "the site is build/site/index.html"

pictures:  ## draw the README's picture from the PDFs of the default study
	$(setup) test
	$(bin)/python website/pictures.py

schema:  ## write config.schema.json, for editors
	$(setup) lint
	PYTHONPATH=src $(bin)/python -c "from inquest.artefacts import write_json; from inquest.config import schema; \
	write_json('config.schema.json', schema())"

# Pins stay as they are where they can; delete envs/requirements*.txt first to bring them all up to date.
lock:  ## pin what pyproject.toml asks for
	$(setup) lint
	$(bin)/python -m pip install --quiet 'uv>=0.9'
	$(pins) --generate-hashes --group workflow --group torch -o envs/requirements.txt pyproject.toml
	$(pins) --generate-hashes --no-emit-package pip --group dev -c envs/requirements.txt -o envs/requirements-dev.txt
	$(pins) --generate-hashes --group cluster -c envs/requirements.txt -o envs/requirements-cluster.txt
	$(pins) --no-annotate --no-header -c envs/requirements.txt -o .venv/conda.txt pyproject.toml
	sed '/- pip:/q' envs/inquest.yaml > .venv/inquest.yaml
	sed 's/.*/      - "&"/' .venv/conda.txt envs/requirements-torch.txt >> .venv/inquest.yaml
	cp .venv/inquest.yaml envs/inquest.yaml
	grep -E '^(scikit-learn|scipy|joblib|threadpoolctl)==' envs/requirements.txt | cut -d ' ' -f 1 > .venv/shared.txt
	$(pins) --generate-hashes -c .venv/shared.txt -o benchmarks/requirements-peers.txt benchmarks/requirements-peers.in

# .venv-peers is made anew when its pins change; its stamp comes last, so an installation that was cut short is, too.
peers = .venv-peers/requirements.txt

$(peers): benchmarks/requirements-peers.txt
	$(setup) report
	rm -rf .venv-peers
	$(bin)/python -m venv .venv-peers
	.venv-peers/bin/python -m pip install -qq --no-input --no-deps --require-hashes -r benchmarks/requirements-peers.txt
	cp benchmarks/requirements-peers.txt $@

benchmark: $(peers)  ## time the learners and the training loop against others, on a quiet machine; results in benchmarks/results/
	$(setup) report
	PYTHONPATH=src $(bin)/python -m benchmarks.run $(if $(QUICK),--quick) $(if $(PART),--part $(PART))

clean:  ## remove what was computed, but for results/downloads
	if [ -d results ]; then find results -mindepth 1 -maxdepth 1 ! -name downloads -exec rm -rf {} +; fi
	rm -rf .snakemake .pytest_cache .ruff_cache .hypothesis build

distclean: clean  ## remove the downloads, .venv and .venv-peers, too
	if [ -d results ]; then chmod -R u+w results; fi
	rm -rf results .venv .venv-peers
	find . -name __pycache__ -prune -exec rm -rf {} +
