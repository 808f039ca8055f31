# Everything runs from here. Needed beforehand: python3 (3.11 or newer), make, a C compiler.
SHELL := bash
.DELETE_ON_ERROR:
.PHONY: help demo serve test test-slow lint bench bench-learn widget reference package deploy diff outputs destroy lock clean

PYTHON ?= python3
PORT ?= 8000
DATA ?= .local
WORKERS ?= 2
PIP := -m pip --disable-pip-version-check --quiet
PY := .venv/bin/python
READY := .venv/ready .venv-ministack/ready
READY_TO_PACK := $(READY) .venv-lambda/ready

help:            ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 14

demo: $(READY)   ## the story: three shops, their orders, their mails; then serves (ONCE=1: ends with one JSON line)
	@$(PY) -m infra.local demo --port $(PORT) $(if $(ONCE),--once) $(if $(START),--start $(START))

serve: $(READY)  ## an empty persistent world on 127.0.0.1 (PORT=8000 DATA=.local START=ISO; SHOPS=1: with the demo's shops)
	@exec $(PY) -m infra.local serve --port $(PORT) --data $(DATA) $(if $(START),--start $(START)) $(if $(SHOPS),--shops)

test: $(READY_TO_PACK)  ## what CI runs
	$(PY) -m pytest -n $(WORKERS) --dist loadfile

test-slow: $(READY_TO_PACK)  ## engines, long properties, load
	$(PY) -m pytest -m slow

lint: .venv/ready  ## ruff, mypy on the domain, cfn-lint on the template
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/cfn-lint infra/template.json

bench: $(READY_TO_PACK)  ## writes build/bench.json
	$(PY) -m tests.bench

bench-learn: .venv/ready .venv-learn/ready  ## recommendations held against popularity and implicit, and a night's cost; writes build/bench-learn.json (MILLION=1: a whole night of a million orders too)
	@OPENBLAS_NUM_THREADS=1 .venv-learn/bin/python -m tests.bench.learn $(if $(MILLION),--million)

widget: .venv-widget/ready  ## the storefront script that is served, out of its sources (REPLACE=1: nobody has the last one)
	@.venv-widget/bin/python -m infra.widget $(if $(REPLACE),--replace)

reference: .venv/ready  ## writes docs/reference.md from the OpenAPI document
	@$(PY) -m infra.reference

package: .venv/ready  ## fills build/ with what is deployed (STAGE=prod ARCH=arm64)
	@$(PY) -m infra.package $(if $(ARCH),--arch $(ARCH)) $(if $(STAGE),--stage $(STAGE))

# STAGE=dev ARCH=arm64 BUCKET=… YES=1 ENDPOINT=http://… and the template's parameters: SET="MailRate=14 AlarmEmail=…"
DEPLOY = $(PY) -m infra.deploy $@ $(if $(STAGE),--stage $(STAGE)) $(if $(ENDPOINT),--endpoint $(ENDPOINT))
CHANGING = $(if $(ARCH),--arch $(ARCH)) $(if $(BUCKET),--bucket $(BUCKET)) $(foreach pair,$(SET),--set $(pair))

deploy: .venv/ready  ## packages, shows what would change, applies it on a yes (STAGE=dev YES=1)
	@$(DEPLOY) $(CHANGING) $(if $(YES),--yes)

diff: .venv/ready  ## what `make deploy` would change
	@$(DEPLOY) $(CHANGING)

outputs: .venv/ready  ## the names and addresses of what stands
	@$(DEPLOY)

destroy: .venv/ready  ## takes a stage down; table, bucket and queues stay, by name
	@$(DEPLOY) $(if $(YES),--yes)

# pip itself is among the locked packages: the second line runs under the version that chalice wants.
.venv/ready: requirements/dev.txt
	@echo "setting up .venv (once)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@$(PYTHON) -m venv .venv
	@$(PY) $(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

.venv-ministack/ready: requirements/ministack.txt
	@echo "setting up .venv-ministack (once)"
	@$(PYTHON) -m venv .venv-ministack
	@.venv-ministack/bin/python $(PIP) install --require-hashes -r requirements/ministack.txt
	@touch $@

.venv-learn/ready: requirements/bench-learn.txt
	@echo "setting up .venv-learn (once)"
	@$(PYTHON) -m venv .venv-learn
	@.venv-learn/bin/python $(PIP) install --require-hashes -r requirements/bench-learn.txt
	@touch $@

.venv-widget/ready: requirements/widget.txt
	@echo "setting up .venv-widget (once)"
	@$(PYTHON) -m venv .venv-widget
	@.venv-widget/bin/python $(PIP) install --require-hashes -r requirements/widget.txt
	@touch $@

# Lambda's runtime and nothing else, not even pip.
.venv-lambda/ready: requirements/lambda.txt .venv/ready
	@echo "setting up .venv-lambda (once)"
	@$(PYTHON) -m venv --without-pip .venv-lambda
	@$(PY) $(PIP) --python .venv-lambda install --require-hashes -r requirements/lambda.txt
	@touch $@

.venv-lock/bin/uv:
	@$(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python $(PIP) install uv==$(UV)

# For every Python from 3.11 and every machine at once; names no index, so that any mirror serves.
UV := 0.13.9
COMPILE := .venv-lock/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 --fork-strategy fewest \
  --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links
lock: .venv-lock/bin/uv  ## works out the locked requirements again (UPGRADE=1: newest that the .in files allow)
	$(COMPILE) $(if $(UPGRADE),--upgrade) requirements/runtime.in -o requirements.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) -c requirements.txt requirements/dev.in -o requirements/dev.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) requirements/ministack.in -o requirements/ministack.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) requirements/lambda.in -o requirements/lambda.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) requirements/widget.in -o requirements/widget.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) requirements/bench-learn.in -o requirements/bench-learn.txt

clean:           ## everything that `make` made
	rm -rf .venv .venv-widget .venv-ministack .venv-lambda .venv-learn .venv-lock build .local
