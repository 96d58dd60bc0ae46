.PHONY: generate
generate:
	PATH=$(CURDIR)/.venv/bin:$$PATH python -m mesh.tooling.generate
