# One command per chore. `make demo` and `make test` need nothing but make, git and a Debian or Ubuntu
# machine (as root they install what the system lacks, otherwise they print the command), or any machine
# that has Python 3.11 and Qt's system libraries.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

QT_PACKAGES := libegl1 libgl1 libglib2.0-0 libfontconfig1 libdbus-1-3 libxkbcommon0
WINDOW_PACKAGES := libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 \
	libxcb-shape0 libxcb-util1 libxcb-xinerama0 libxcb-xkb1 libxkbcommon-x11-0 libx11-xcb1 \
	libwayland-client0 libwayland-cursor0 libwayland-egl1
HAS_DISPLAY := $(DISPLAY)$(WAYLAND_DISPLAY)

VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' keymon/__init__.py)
ARCHIVE := keymon-$(VERSION)-linux-$(shell uname -m).tar.xz

.PHONY: demo test faults system reliability check format screenshots translations icons package test-bundle test-bare bench clean

demo: $(VENV)/.keymon  ## open keymon on a living sample gateway
	@$(if $(HAS_DISPLAY),$(call need,$(QT_WINDOW_WORKS),$(QT_PACKAGES) $(WINDOW_PACKAGES)),$(QT_CHECK))
	@$(BIN)/keymon --demo

test: system  ## run the tests; those on a MariaDB server are skipped where there is none
	$(BIN)/python -m pytest $(ARGS)

faults: system  ## try what goes wrong on operators' desks, and print how much of it is survived
	KEYMON_NEED_MARIADB=1 $(BIN)/python -m pytest tests/faults --faults all $(ARGS)

system: $(VENV)/.tools  ## install what the tests need of the system
	@$(QT_CHECK)
	@($(call need,$(MARIADB_WORKS),mariadb-server)) || echo "Without it the tests on a server are skipped."

reliability: system  ## measure what the page on reliability tells; some 40 minutes, or a part: ARGS=day
	QT_LOGGING_RULES='qt.qpa.*=false' $(BIN)/python -m tests.reliability $(ARGS) --page docs/reliability.md

check: $(VENV)/.tools  ## style, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.tools  ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

screenshots: $(VENV)/.keymon  ## draw the pictures of the README anew
	@$(QT_CHECK)
	$(BIN)/keymon screenshot --demo --out docs/images --theme light
	$(BIN)/keymon screenshot --demo --out docs/images --theme dark

package: $(VENV)/.packaging  ## build into dist/: the bundle for operators, its archive, wheel and sdist, checksums
	@$(call need,$(PACKERS_WORK),binutils xz-utils)
	rm -rf build dist
	$(BIN)/python -m PyInstaller --noconfirm --log-level WARN keymon.spec
	cd dist && tar --sort=name --owner=0 --group=0 --numeric-owner -cf - keymon | xz -9 -T0 > $(ARCHIVE)
	$(BIN)/python -m build --outdir dist
	cd dist && sha256sum $(ARCHIVE) *.whl *.tar.gz > SHA256SUMS

test-bundle: $(VENV)/.tools  ## try what `make package` built, without a screen and in a window, and nothing of it here
	@$(call need,$(SCREEN_WORKS),xvfb $(QT_PACKAGES) $(WINDOW_PACKAGES))
	@$(call need,$(VALIDATORS_WORK),desktop-file-utils appstream)
	KEYMON_NEED_BUNDLE=1 $(BIN)/python -m pytest tests/bundle tests/test_desktop.py $(ARGS)

test-bare: $(VENV)/.tools  ## try the bundle in a bare Debian, as root
	@$(call need,command -v debootstrap,debootstrap)
	KEYMON_NEED_BUNDLE=1 KEYMON_BARE_SYSTEM=1 $(BIN)/python -m pytest tests/bundle/test_bare_system.py $(ARGS)

translations: $(VENV)/.tools  ## bring the catalogues up to date with the texts of the window, and compile them
	$(BIN)/python -m tests.translations

icons: $(VENV)/.tools  ## draw the icon anew, in all sizes
	$(BIN)/python -m tests.icons

SIZE ?= 10m
bench: $(VENV)/.tools  ## measure side by side what the page on performance tells; SIZE=1m, 10m or 50m
	$(BIN)/python -m tests.benchmarks $(SIZE) $(ARGS)

clean:  ## remove what was built and installed here
	rm -rf $(VENV) build dist demo-screenshots .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV)/.keymon: pyproject.toml
	@$(call need,$(PYTHON_WORKS),python3 python3-venv)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "keymon needs Python 3.11 or newer: make PYTHON=python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.tools: $(VENV)/.keymon
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

$(VENV)/.packaging: $(VENV)/.tools
	$(BIN)/python -m pip install --quiet --group package
	@touch $@

# A thing is there if it works, whatever its package is called on this release.
PYTHON_WORKS = $(PYTHON) -c 'import ensurepip, venv'
QT_WORKS = $(BIN)/python -c 'import PySide6.QtWidgets'
QT_WINDOW_WORKS = $(QT_WORKS) && ! ldd $(VENV)/lib/python3*/site-packages/PySide6/Qt/plugins/platforms/libqxcb.so | grep -q "not found"
PACKERS_WORK = command -v strip && command -v objdump && command -v xz
VALIDATORS_WORK = command -v desktop-file-validate && command -v appstreamcli
SCREEN_WORKS = command -v Xvfb && $(QT_WINDOW_WORKS)
MARIADB_WORKS = command -v mariadbd || test -x /usr/sbin/mariadbd
QT_CHECK = $(call need,$(QT_WORKS),$(QT_PACKAGES))

# $(call need,COMMAND,PACKAGES): where COMMAND fails, install PACKAGES as root, or say how to.
define need
{ $(1); } >/dev/null 2>&1 || { \
	if [ -x /usr/bin/apt-get ] && [ "$$(id -u)" = 0 ]; then \
		echo "Installing system packages: $(2)"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(2) >/dev/null; \
	else \
		echo "Some system packages are missing. Install them and try again:"; \
		echo "    sudo apt-get install $(2)"; exit 1; \
	fi; \
	{ $(1); } || { echo "Still not usable after installing: $(2)"; exit 1; }; }
endef
