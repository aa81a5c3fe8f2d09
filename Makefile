# `make` by itself explains. Each target sets up what it needs, see .ci/setup.

PYTHON_IN_VENV := .venv/bin/python
# One more than there are cores, as some wait for what goes on in real time. Who has
# nothing left takes the end of another's list: no file is the last for long.
PARALLEL := -n $$(($$(getconf _NPROCESSORS_ONLN) + 1)) --maxprocesses 4 --dist worksteal
# What is slow waits more than it works.
WAITING := -n $$(($$(getconf _NPROCESSORS_ONLN) * 2)) --maxprocesses 4 --dist worksteal
# What is compiled is kept: a hundred of the tests start a Python of their own.
unexport PYTHONDONTWRITEBYTECODE
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help demo talk smoke test test-slow test-system test-lowest test-pythons test-clients reliability reliability-nightly \
    soak fuzz check format docs bench bench-calls lock clean

help:
	@echo 'voxpipe: custom voice pipelines around gpt-realtime'
	@echo
	@echo 'To see it work (no key, no network, no sound card):'
	@echo '  make demo          hold a spoken, tool-using, interruptible conversation;'
	@echo '                     it leaves demo-out/conversation.wav, timeline.svg, report.json'
	@echo '  make talk          talk to it in your browser: open the link that it prints'
	@echo '                     (with OPENAI_API_KEY set, to the real model)'
	@echo '  make smoke         some tests of every part, a conversation and the program'
	@echo '                     of the README among them: does it work here? half a minute'
	@echo
	@echo 'To change it:'
	@echo '  make test          the tests, on asyncio and trio; needs nothing but PyPI;'
	@echo '                     a good three minutes on two cores'
	@echo '  make check         ruff, mypy strict, pyright strict'
	@echo '  make format        let ruff put the code into shape'
	@echo '  make docs          the documentation with its reference: build/docs/index.html'
	@echo '  make lock          renew what these install, with hashes: .ci/*.lock'
	@echo
	@echo 'To believe it:'
	@echo '  make reliability   what is promised, what was measured now, and what holds: under'
	@echo '                     ten minutes; some rows alone: make reliability ONLY=8,16'
	@echo '  make reliability-nightly   the same, each row broken on purpose (it has to notice),'
	@echo '                     and the long ones: an hour of call, every cancellation'
	@echo '  make bench         every promised number, beside Pipecat where it is compared'
	@echo '  make bench-calls   phone calls beside a hand-written bridge and Pipecat: half an'
	@echo '                     hour on two quiet cores; it writes benchmarks/RESULTS.md'
	@echo '  make test-slow     what takes seconds of each run: the demo, a thousand calls,'
	@echo '                     the other loop of each conversation'
	@echo '  make test-system   tests that need Debian packages: flite, espeak-ng, sox, baresip,'
	@echo '                     sipp, chromium, pulseaudio, libportaudio2, buildah; pictures'
	@echo '                     of the page: build/screenshots'
	@echo '  make test-lowest   the core on the oldest versions that pyproject.toml allows'
	@echo '  make test-pythons  the core on other Pythons, as far as they are on this machine'
	@echo '  make test-clients  clients of others converse with the simulator: OpenAI, LiveKit, ...'
	@echo '  make soak          the long ones: an hour of call, every cancellation'
	@echo '  make fuzz          a million broken messages into both sides: a minute'
	@echo '  .ci/run            what continuous integration runs: check, and every test'
	@echo
	@echo 'The first run of each prepares .venv by itself: Python >= 3.11, and uv if you'
	@echo 'have it. One test:  .venv/bin/python -m pytest -k "a part of its name"'

demo: .venv/.ready-demo
	.venv/bin/voxpipe demo

# With a key the real model, else a simulated one.
talk: .venv/.ready-demo
	.venv/bin/voxpipe serve $(if $(OPENAI_API_KEY),,--simulator)

# Which those are stands in the file; tests/test_project.py sees that no part is missing.
smoke: .venv/.ready-dev
	$(PYTHON_IN_VENV) -m pytest -q $(PARALLEL) -m 'not slow and not system and not clients and not soak' @tests/smoke.txt

test: .venv/.ready-dev
	$(PYTHON_IN_VENV) -m pytest -q $(PARALLEL) -m 'not slow and not system and not clients and not soak'

test-slow: .venv/.ready-dev
	$(PYTHON_IN_VENV) -m pytest -q $(WAITING) -m slow

test-system: .venv/.ready-dev
	$(PYTHON_IN_VENV) -m pytest -q -n 2 --dist loadfile -m system

# The plugin by name, and voxpipe from here: nothing is installed but what it needs.
test-lowest: .lowest-venv/.ready-lowest
	PYTHONPATH=.:$(PYTHONPATH) .lowest-venv/bin/python -m pytest -q $(PARALLEL) -p voxpipe.pytest_plugin \
	    -m 'not slow and not system and not clients and not soak' \
	    tests/pipeline tests/processors/realtime/protocol tests/transports/serving

test-pythons:
	@.ci/pythons $(PARALLEL)

reliability: .venv/.ready-dev
	$(PYTHON_IN_VENV) -m tests.reliability $(if $(ONLY),--only $(ONLY))

reliability-nightly: reliability
	$(PYTHON_IN_VENV) -m pytest -q -n 2 -m 'slow or soak' tests/reliability tests/chaos tests/fuzz tests/pipeline/graphs \
	    tests/test_cancel_anywhere.py tests/test_soak.py tests/processors/realtime tests/transports/telephony

test-clients: .venv/.ready-dev .clients-venv/.ready-clients
	$(PYTHON_IN_VENV) -m pytest -q -n 2 -m clients tests/clients

soak: .venv/.ready-dev
	$(PYTHON_IN_VENV) -m pytest $(PARALLEL) -m soak --durations=10 -o faulthandler_timeout=3600

fuzz: .venv/.ready-dev
	$(PYTHON_IN_VENV) -m pytest -q -n 2 -m soak tests/fuzz

check: .venv/.ready-dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	@echo '.venv/bin/mypy, and beside it .venv/bin/pyright: each keeps one core busy'
	@.venv/bin/mypy & mypy=$$!; .venv/bin/pyright; pyright=$$?; wait $$mypy && exit $$pyright

format: .venv/.ready-dev
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

# Afresh, because a page that is not built again does not warn again.
docs: .venv/.ready-dev
	$(PYTHON_IN_VENV) -m sphinx -qEaW --keep-going -j auto -d build/doctrees docs build/docs

bench: .venv/.ready-dev .bench-venv/.ready-bench
	$(PYTHON_IN_VENV) -m benchmarks

bench-calls: .venv/.ready-dev .bench-venv/.ready-bench
	$(PYTHON_IN_VENV) -m benchmarks.calls

lock:
	@.ci/setup lock

clean:
	rm -rf .venv .*-venv .clients-node build dist demo-out docs/reference .*_cache .hypothesis

.venv/.ready-demo: pyproject.toml .ci/setup
	@.ci/setup demo

.venv/.ready-dev: pyproject.toml .ci/setup .ci/dev.lock
	@.ci/setup dev

.bench-venv/.ready-bench: .ci/setup
	@.ci/setup bench

.lowest-venv/.ready-lowest: .ci/lowest.lock .ci/setup
	@.ci/setup lowest

.clients-venv/.ready-clients: .ci/clients.lock tests/clients/package-lock.json .ci/setup
	@.ci/setup clients
