# SPDX-License-Identifier: GPL-2.0-or-later
# dropmill: `make help` lists the targets.

BUILD ?= build
# Where the variants' folders, the stamps of the set-up and Kafka lie: the BUILD of the make that was typed. Nothing is written beside the sources.
ifndef BUILD_TOP
export BUILD_TOP := $(BUILD)
endif
export PYTHONDONTWRITEBYTECODE := 1
# CROSS=aarch64-linux-gnu-: for another architecture, with Debian's compiler and libraries for it. Its unit tests run in EMULATOR.
CROSS ?=
ifeq ($(origin CC),default)
CC := $(CROSS)gcc
endif
ifeq ($(origin AR),default)
AR := $(CROSS)ar
endif
export EMULATOR ?= $(if $(CROSS),qemu-$(firstword $(subst -, ,$(CROSS))))
VARIANT_FLAGS ?=
# make V=1 shows whole commands.
Q := $(if $(V),,@)
say = $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),,@echo "  $(1) $@")
PYTHON := /usr/bin/python3
PKG_CONFIG ?= $(CROSS)pkg-config
GLIB_COMPILE_RESOURCES ?= glib-compile-resources
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wundef -Wpointer-arith -Wdate-time
# VIPS=PREFIX: a libvips of one's own, installed with that prefix. Programs find its libraries by their own path, so child processes do, too.
# make 4.3's $(shell) sees no exported variable, hence both.
ifdef VIPS
vips-pc := $(firstword $(wildcard $(foreach l,lib/*/ lib/ lib64/,$(abspath $(VIPS))/$(l)pkgconfig/vips.pc)))
$(if $(vips-pc),,$(error VIPS=$(VIPS): no vips.pc in $(VIPS)/lib/pkgconfig, lib64/pkgconfig or lib/*/pkgconfig. Give the prefix that libvips was installed with))
vips-folder := $(patsubst %/pkgconfig/vips.pc,%,$(vips-pc))
export PKG_CONFIG_PATH := $(vips-folder)/pkgconfig$(if $(PKG_CONFIG_PATH),:$(PKG_CONFIG_PATH))
override LDFLAGS += -Wl,--disable-new-dtags,-rpath,$(vips-folder)
endif
PKG := $(if $(VIPS),PKG_CONFIG_PATH=$(PKG_CONFIG_PATH) )$(PKG_CONFIG)
# What is built and tested: what Debian 12 has, and libvips from 8.14 on.
MINIMUM := vips:8.14 glib-2.0:2.74 gio-2.0:2.74 json-glib-1.0:1.6 rdkafka:2.0 yaml-0.1:0.2.5 sqlite3:3.40 libseccomp:2.5.4 libsystemd:252 zlib:1.2.13 libdeflate:1.14 \
	libjpeg:2.1 libtiff-4:4.5 libexif:0.6.24
CORE_PACKAGES := glib-2.0 gio-2.0 gio-unix-2.0 gmodule-2.0 json-glib-1.0 rdkafka yaml-0.1 sqlite3
# libvips writes pyramids by libgsf until 8.14 (see image/encode/write_errors.c).
IMAGE_PACKAGES = $(CORE_PACKAGES) vips $(shell $(PKG) --exists 'vips < 8.15' && echo libgsf-1) libseccomp zlib libdeflate libjpeg libtiff-4 libexif
quoted = '$(subst ','\'',$(1))'
pkg-cflags = $(shell $(PKG) --cflags $(1) 2>/dev/null)
pkg-libs = $(shell $(PKG) --libs $(1) 2>/dev/null)

# What each kind of work needs from Debian. Everything else about set-up follows from these lists. NAME?: only where the release has it.
DEBIAN_build := gcc libc6-dev make pkgconf libglib2.0-dev libjson-glib-dev librdkafka-dev libvips-dev libgsf-1-dev zlib1g-dev libdeflate-dev libjpeg-dev libtiff-dev libexif-dev \
	libinotifytools0-dev libyaml-dev libcivetweb-dev libsqlite3-dev libseccomp-dev libsystemd-dev libjs-chart.js \
	libheif-plugin-aomenc? libheif-plugin-x265?
DEBIAN_test := libcmocka-dev git python3 python3-pytest python3-pytest-xdist python3-yaml python3-jsonschema python3-venv prometheus kcat iproute2 xz-utils \
	rsync openssh-client openssh-sftp-server curl unzip e2fsprogs mount \
	zsh fish libvips-tools python3-selenium chromium chromium-driver fonts-dejavu-core
DEBIAN_kafka := default-jdk-headless maven kcat openssl
DEBIAN_lint := binutils clang clang-format cppcheck python3 pyflakes3 shellcheck node-typescript
DEBIAN_fuzz := clang llvm libclang-rt-dev
DEBIAN_crash := libfuse3-dev fuse3 e2fsprogs xfsprogs btrfs-progs mount
DEBIAN_bench := mate-backgrounds libvips-tools python3 wrk
DEBIAN_debian := mmdebstrap
DEBIAN_deb := build-essential debhelper iproute2 lintian xz-utils
DEBIAN_image := mmdebstrap buildah crun libvips-tools
DEBIAN_rootfs := binutils tini ca-certificates netbase tzdata fonts-dejavu-core
ifdef CROSS
# Libraries and pkgconf are of that architecture. Tools are of this one, whose libvips cannot be installed beside the other.
architecture := $(patsubst aarch64,arm64,$(firstword $(subst -, ,$(CROSS))))
libraries = $(filter-out libjs-% libvips-tools,$(filter lib% zlib% pkgconf,$(1)))
foreign = $(patsubst %?:$(architecture),%:$(architecture)?,$(addsuffix :$(architecture),$(call libraries,$(1))))
DEBIAN_build := gcc-$(CROSS:-=) make libglib2.0-dev-bin libjs-chart.js $(call foreign,$(DEBIAN_build))
DEBIAN_test := qemu-user python3 fonts-dejavu-core $(call foreign,$(DEBIAN_test))
endif
DEBIAN_peers := python3-opencv graphicsmagick parallel inotify-tools python3-confluent-kafka python3-venv \
	$(shell command -v npm >/dev/null || echo nodejs npm)

CFLAGS ?= -O2 -g
# VIPS_DISABLE_COMPAT: without it vips.h brings the macros of libvips 7, such as error_exit and IMAGE, from 8.15 on.
# The same sources make the same bytes in any folder.
override CFLAGS += $(CPPFLAGS) -ffile-prefix-map=$(call quoted,$(CURDIR)=.) -ffile-prefix-map=$(call quoted,$(abspath $(BUILD))=build) -std=gnu17 $(WARNINGS) -Isrc -D_GNU_SOURCE -DVIPS_DISABLE_COMPAT -DG_LOG_DOMAIN=\"dropmill\" -MMD -MP $(VARIANT_FLAGS)
override LDFLAGS += $(VARIANT_FLAGS)

# As Debian builds what meets strangers' data (hardening=+all). Sanitizers bring checks of their own. Some flags are of one machine: those that
# the compiler takes. FORTIFY needs an optimiser, and leaves alone who has set it.
ifeq ($(findstring -fsanitize,$(VARIANT_FLAGS)),)
taken = $(shell for flag in $(1); do $(CC) -Werror $$flag -fsyntax-only -x c /dev/null >/dev/null 2>&1 && echo $$flag; done)
# Asked once, and not before the first compilation: on a fresh machine the set-up installs the compiler.
HARDENING = $(eval HARDENING := $(hardening-now))$(HARDENING)
hardening-now = -fPIE -fstack-protector-strong $(call taken,-fstack-clash-protection -fcf-protection -mbranch-protection=standard) $(FORTIFY)
ifeq ($(findstring _FORTIFY_SOURCE,$(CFLAGS) $(CPPFLAGS) $(CC)),)
FORTIFY := $(if $(filter -O1 -O2 -O3 -Os -Oz -Ofast,$(CFLAGS)),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif
override CFLAGS += $(HARDENING)
override LDFLAGS += -pie -Wl,-z,relro,-z,now,-z,noexecstack
endif

# Two programs: dropmill (master, page, tools; no libvips) and dropmill-image (workers, codecs, the checker), started by the first.
CORE_MODULES := web master status bus ledger definition sandbox base
IMAGE_MODULES := worker codec image bus definition sandbox base
MODULES := base ledger sandbox definition image bus codec worker status master web
IMAGE_SIDE := image codec worker sandbox
CORE_LIBS = $(call pkg-libs,$(CORE_PACKAGES) libsystemd) -linotifytools -lcivetweb -lpthread -lm
IMAGE_LIBS = $(call pkg-libs,$(IMAGE_PACKAGES)) -lpthread -lm

# A module is a folder of src/ with its rooms, the folders in it.
module-objects = $(patsubst src/%.c,$(BUILD)/obj/%.o,$(shell find src/$(1) -name '*.c' | LC_ALL=C sort)) $(if $(filter web,$(1)),$(BUILD)/obj/web/assets.o) $(if $(filter master,$(1)),$(BUILD)/obj/master/samples.o)
archives = $(foreach m,$(1),$(BUILD)/lib/$(m).a)
MAIN_OBJECTS := $(BUILD)/obj/main.o
IMAGE_MAIN_OBJECTS := $(BUILD)/obj/main_image.o

all: $(BUILD)/dropmill $(BUILD)/dropmill-image ## build the two programs (the default)

# ---- set-up: a stamp a list, so that a rebuild does not ask dpkg again; SETUP=no leaves the machine alone.

STAMPS := $(BUILD_TOP)/.setup
define setup-rule
$(STAMPS)/$(1): Makefile
	@mkdir -p $$(@D)
	@tests/setup $(1) $$(DEBIAN_$(1))
	@touch $$@
setup-$(1): $(STAMPS)/$(1)
.PHONY: setup-$(1)
endef
$(foreach list,build test kafka lint fuzz crash bench debian deb image rootfs,$(eval $(call setup-rule,$(list))))
setup: setup-build setup-test ## install what build and tests need, through apt

# ---- programs

$(BUILD)/dropmill: $(MAIN_OBJECTS) $(call archives,$(CORE_MODULES))
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(CORE_LIBS)

$(BUILD)/dropmill-image: $(IMAGE_MAIN_OBJECTS) $(call archives,$(IMAGE_MODULES))
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(IMAGE_LIBS)

define module-rule
$(BUILD)/lib/$(1).a: $(call module-objects,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	$(Q)$(AR) rcsD $$@ $$^
endef
$(foreach m,$(MODULES),$(eval $(call module-rule,$(m))))

# Other flags make other objects, as another compiler does, or another version of a library.
FLAGS := $(BUILD)/flags
flags-now = $(CC) $(CFLAGS) : $(LDFLAGS) : $(shell $(PKG) --modversion $(IMAGE_PACKAGES) 2>&1) : $(call pkg-cflags,$(IMAGE_PACKAGES))
$(FLAGS): always | $(STAMPS)/build
	@mkdir -p $(@D)
	@echo $(call quoted,$(flags-now)) | cmp -s - $@ || \
	  { PKG_CONFIG=$(call quoted,$(PKG_CONFIG)) tests/minimum $(MINIMUM) && echo $(call quoted,$(flags-now)) > $@; }
always:

$(BUILD)/obj/%.o: src/%.c $(FLAGS) | $(STAMPS)/build
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) $(if $(filter $(IMAGE_SIDE) main_image,$(firstword $(subst /, ,$*))),$(call pkg-cflags,$(IMAGE_PACKAGES)),$(call pkg-cflags,$(CORE_PACKAGES))) -c -o $@ $<

# Its sums are those of libvips, to the last bit: with -march=native a compiler would round a product and its sum at once.
$(BUILD)/obj/image/fast/%.o: override CFLAGS += -ffp-contract=off

# Chart.js draws the page's charts; it is taken from its package, not from here.
CHART_JS ?= /usr/share/javascript/chart.js
$(BUILD)/gen/assets.c: src/web/page/assets.gresource.xml $(shell find src/web/page -type f) Makefile | $(STAMPS)/build
	@mkdir -p $(@D)
	$(Q)$(GLIB_COMPILE_RESOURCES) --sourcedir=src/web/page --sourcedir=$(CHART_JS) --generate-source --target=$@ $<
# The definitions that `dropmill init` writes. A list: others may lie in pipelines/, since `make run` reads them there.
SAMPLES := $(patsubst %,pipelines/%.yaml,archive contact mono print web)
$(BUILD)/gen/samples.c: $(SAMPLES) Makefile | $(STAMPS)/build
	@mkdir -p $(@D)
	@printf '<gresources><gresource prefix="/dropmill/pipelines">$(SAMPLES:pipelines/%=<file>%</file>)</gresource></gresources>\n' > $(@D)/samples.gresource.xml
	$(Q)$(GLIB_COMPILE_RESOURCES) --sourcedir=pipelines --generate-source --c-name=samples --target=$@ $(@D)/samples.gresource.xml
$(BUILD)/obj/web/assets.o: $(BUILD)/gen/assets.c
$(BUILD)/obj/master/samples.o: $(BUILD)/gen/samples.c
$(BUILD)/obj/web/assets.o $(BUILD)/obj/master/samples.o: $(FLAGS)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) $(call pkg-cflags,gio-2.0) -w -c -o $@ $(filter %.c,$^)

# ---- unit tests: tests/unit/MODULE/test_*.c; those of image, codec and worker link libvips, the others prove that they need none.

UNIT_SOURCES := $(wildcard tests/unit/*/test_*.c)
UNIT_TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(UNIT_SOURCES))
# cmocka 2 wants assert_int_in_range(), which Debian 12's does not have.
CMOCKA_FLAGS := -DCMOCKA_DISABLE_DEPRECATION_WARNINGS
unit-side = $(if $(filter $(IMAGE_SIDE),$(firstword $(subst /, ,$(1)))),IMAGE,CORE)

$(BUILD)/obj/tests/unit/%.o: tests/unit/%.c $(FLAGS) | $(STAMPS)/build $(STAMPS)/test
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) $(call pkg-cflags,$($(call unit-side,$*)_PACKAGES) cmocka) $(CMOCKA_FLAGS) -Wno-unused-parameter -c -o $@ $<
.SECONDEXPANSION:
$(BUILD)/tests/unit/%: $(BUILD)/obj/tests/unit/%.o $$(call archives,$$($$(call unit-side,$$*)_MODULES))
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(call archives,$($(call unit-side,$*)_MODULES)) -Wl,--end-group \
	  $($(call unit-side,$*)_LIBS) $(call pkg-libs,cmocka)
.PRECIOUS: $(BUILD)/obj/tests/unit/%.o

# ---- small programs for tests and benches: one file each, libvips alone, nothing of src/, so that they can contradict it.

TOOLS := reference picture pages bench/bare
TOOL_PROGRAMS := $(patsubst %,$(BUILD)/tests/%,$(foreach t,$(TOOLS),$(if $(wildcard tests/$(t).c),$(t))))
$(BUILD)/obj/tests/%.o: tests/%.c $(FLAGS) | $(STAMPS)/build
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CFLAGS) $(call pkg-cflags,vips) -c -o $@ $<
$(TOOL_PROGRAMS): $(BUILD)/tests/%: $(BUILD)/obj/tests/%.o
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(call pkg-libs,vips) -lm

# The exception: it builds chains with src/image, and leaves out everything that cuts them.
$(BUILD)/obj/tests/chain.o: override CFLAGS += $(call pkg-cflags,$(IMAGE_PACKAGES))
$(BUILD)/tests/chain: $(BUILD)/obj/tests/chain.o $(call archives,$(IMAGE_MODULES))
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(IMAGE_LIBS)

# Loaded before a program, it lets calls that write fail; see there.
BADSYNC := $(BUILD)/tests/badsync.so
$(BADSYNC): tests/badsync.c | $(STAMPS)/build
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(CPPFLAGS) -std=gnu17 -O2 $(WARNINGS) -D_GNU_SOURCE -shared -fPIC -o $@ $<
$(BUILD)/tests/crash-disk: tests/crash/disk.c | $(STAMPS)/crash
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) -std=gnu17 -O2 $(WARNINGS) -D_GNU_SOURCE $(call pkg-cflags,fuse3) -o $@ $< $(call pkg-libs,fuse3)

FUZZERS := definition wire json query
fuzz-side = $(if $(filter json query,$(1)),CORE,IMAGE)
OBJECTS := $(sort $(MAIN_OBJECTS) $(IMAGE_MAIN_OBJECTS) $(foreach m,$(MODULES),$(call module-objects,$(m))) \
	$(patsubst tests/%.c,$(BUILD)/obj/tests/%.o,$(UNIT_SOURCES) $(wildcard $(patsubst %,tests/%.c,$(TOOLS) chain $(FUZZERS:%=fuzz/%)))))
objects: $(OBJECTS)

# ---- run

ARGS ?=
BROKER ?= embedded
KAFKA_PORT ?= 9092
run: all ## master, workers and page in the foreground; BROKER=kafka uses a real Apache Kafka; ARGS="--workers 4"
	@$(if $(filter kafka,$(BROKER)),$(MAKE) --no-print-directory setup-kafka)
	@$(if $(filter kafka,$(BROKER)),exec tests/with-kafka $(BUILD_TOP)/kafka $(BUILD)/dropmill run $(ARGS) --brokers,exec $(BUILD)/dropmill run $(ARGS))

kafka: setup-kafka ## the one-node Apache Kafka alone, in the foreground, on KAFKA_PORT (9092)
	@exec tests/kafka/kafka start $(BUILD_TOP)/kafka --port $(KAFKA_PORT)

# ---- tests: tests/run.py runs, counts and sums up

HOOKS := -DDROPMILL_TEST_HOOKS
SANITIZE := -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
RUN := BUILD=$(BUILD) $(PYTHON) tests/run.py

unit-tests: $(UNIT_TESTS)
tests: all unit-tests $(TOOL_PROGRAMS) $(BUILD)/tests/chain $(BADSYNC)
hooks: setup-build
	@$(MAKE) --no-print-directory BUILD=$(BUILD_TOP)/hooks VARIANT_FLAGS="$(HOOKS)" all

# Not root and no Java: the tests on real Kafka skip themselves and say why; under CI they must run.
soft-kafka: setup-build
	@$(MAKE) --no-print-directory setup-kafka || [ -z "$$CI" ]

test: tests hooks soft-kafka ## everything: set-up, build, unit tests, end to end; the counts of each at the end
	@$(RUN) unit e2e
unit: $(UNIT_TESTS) ## the unit tests alone; T=master/test_claim for one
	@$(RUN) unit $(T)
e2e: tests hooks soft-kafka ## the end-to-end tests alone; T="-k drop" goes to pytest
	@$(RUN) e2e $(T)
# The whole matrix, then N random chains of this SEED; with CASE only one that failed before.
N ?= 2000
SEED ?= 1
CASE ?=
exact: tests hooks ## exactness: the whole matrix and N=2000 SEED=1 random chains (long); CASE=FILE repeats one
	@$(if $(CASE),,DROPMILL_EXACT=full DROPMILL_SEED=$(SEED) $(RUN) e2e tests/e2e/test_exact.py $(T) &&) \
	  DROPMILL_CHAINS=$(N) DROPMILL_SEED=$(SEED) DROPMILL_CASE=$(abspath $(CASE)) $(RUN) e2e -s tests/e2e/test_chains.py

hostile: tests hooks ## hostile files: bombs, polyglots and N=2000 SEED=1 mutated pictures, all accounted for
	@DROPMILL_HOSTILE=$(N) DROPMILL_SEED=$(SEED) $(RUN) e2e tests/e2e/test_hostile_files.py $(T)

# Both brokers; T="-k kafka" for one. PAUSE is that between two faults, in seconds; WITHOUT="state full,topics deleted" leaves some out.
SECONDS ?= 600
PAUSE ?= 0.3-1
WITHOUT ?=
chaos: tests hooks soft-kafka ## SECONDS=600 of faults of every kind under a stream of drops, SEED=1, on both brokers; every file accounted for
	@DROPMILL_CHAOS=$(SECONDS) DROPMILL_SEED=$(SEED) DROPMILL_CHAOS_PAUSE=$(PAUSE) DROPMILL_CHAOS_WITHOUT="$(WITHOUT)" \
	  $(RUN) e2e -s tests/e2e/test_chaos.py $(T)

# As root, with /dev/fuse and loop devices; ARGS="--systems xfs --troubles writes --keep FOLDER".
crash: N = 500
crash: all $(BUILD)/tests/picture $(BADSYNC) $(BUILD)/tests/crash-disk ## power loss: N=500 SEED=1 images of ext4, xfs and btrfs, cut at random, checked and milled on
	@$(PYTHON) tests/crash/crash.py $(BUILD) --images $(N) --seed $(SEED) $(ARGS)

# One process a target; what it finds is kept in build/fuzz, and the corpus in tests/fuzz/corpus stays as it is.
FUZZ_SECONDS ?= 60
fuzz: setup-build setup-fuzz ## libFuzzer on definitions, messages, answers and requests, FUZZ_SECONDS=60 each, under ASan and UBSan
	@$(MAKE) --no-print-directory BUILD=$(BUILD_TOP)/fuzz CC=clang CFLAGS="-O1 -g" \
	  VARIANT_FLAGS="$(SANITIZE) -fsanitize=fuzzer-no-link" $(FUZZERS:%=$(BUILD_TOP)/fuzz/fuzz-%)
	@for name in $(FUZZERS); do mkdir -p $(BUILD_TOP)/fuzz/found-$$name && \
	  ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 $(BUILD_TOP)/fuzz/fuzz-$$name -max_total_time=$(FUZZ_SECONDS) \
	    -timeout=10 -rss_limit_mb=2048 -max_len=16384 -print_final_stats=1 -artifact_prefix=$(BUILD_TOP)/fuzz/ \
	    $(BUILD_TOP)/fuzz/found-$$name tests/fuzz/corpus/$$name || exit 1; done
$(BUILD)/obj/tests/fuzz/%.o: override CFLAGS += $(call pkg-cflags,$(IMAGE_PACKAGES))
$(BUILD)/fuzz-%: $(BUILD)/obj/tests/fuzz/%.o $$(call archives,$$($$(call fuzz-side,$$*)_MODULES))
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group \
	  $($(call fuzz-side,$*)_LIBS)

asan: $(TOOL_PROGRAMS) $(BUILD)/tests/chain $(BADSYNC) setup-test soft-kafka ## build and test once more under AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory BUILD=$(BUILD_TOP)/asan CFLAGS="-O1 -g" VARIANT_FLAGS="$(SANITIZE) $(HOOKS)" all unit-tests
	@BUILD=$(BUILD_TOP)/asan DROPMILL_SANITIZED=1 $(PYTHON) tests/run.py unit e2e $(T)

# What else stands on the command line goes to make there.
SUITE ?= trixie
TARGET ?= test
passed = $(foreach v,$(filter-out SUITE TARGET BUILD MAKEFLAGS MAKEOVERRIDES,$(.VARIABLES)),$(if $(filter command,$(firstword $(origin $(v)))),$(call quoted,$(v)=$($(v)))))
debian: $(if $(filter 0,$(shell id -u)),setup-debian) ## any target on another release, in a root beside this machine: SUITE=trixie TARGET=test; as root
	@tests/debian $(call quoted,$(SUITE)) $(call quoted,$(TARGET)) $(passed)

arm64: ## cross build for arm64 and its unit tests in an emulator, in a root beside this machine: SUITE=trixie; as root
	@$(MAKE) --no-print-directory debian SUITE=$(SUITE)-arm64 TARGET="all unit" CROSS=aarch64-linux-gnu-

# The newest libvips, GLib and gcc in a package; forky has libvips 8.18.
newest: SUITE = forky
newest: TARGET = unit
newest: debian ## unit tests with the newest libvips that Debian has: SUITE=forky TARGET=unit; as root

# A peer that cannot be had is skipped, with the reason in the report.
soft-peers: setup-build
	@for package in $(DEBIAN_peers); do tests/setup peers $$package || true; done
bench: all hooks $(TOOL_PROGRAMS) setup-bench soft-kafka soft-peers ## measure against bare libvips, side by side: build/bench/report.md and .json; BEFORE=FOLDER is an older build to measure against, too
	@BUILD=$(BUILD) $(PYTHON) tests/bench/bench.py $(ARGS)

# ---- lint: each step is a target of its own

LINT := gcc clang cppcheck format layers circles paths threads links hardening docs words scripts
C_FILES = $(shell find src tests -name '*.[ch]')
lint: setup-build setup-test setup-lint ## warnings as errors (gcc, clang), cppcheck, formatting, layers, documentation
	@$(RUN) lint $(LINT)
lint-gcc:
	@$(MAKE) --no-print-directory -s -k BUILD=$(BUILD_TOP)/lint/gcc CC=gcc VARIANT_FLAGS="-Werror $(HOOKS)" objects
lint-clang:
	@$(MAKE) --no-print-directory -s -k BUILD=$(BUILD_TOP)/lint/clang CC=clang VARIANT_FLAGS="-Werror $(HOOKS)" objects
lint-cppcheck:
	@cppcheck --quiet --error-exitcode=1 --suppress=normalCheckLevelMaxBranches --enable=warning,performance,portability --inline-suppr --std=c11 -Isrc \
	  --library=tests/lint/cppcheck.cfg src tests
lint-format:
	@clang-format --dry-run -Werror $(C_FILES)
lint-layers:
	@$(PYTHON) tests/lint/layers.py
lint-circles: all
	@$(PYTHON) tests/lint/circles.py $(BUILD)
lint-paths:
	@$(PYTHON) tests/lint/paths.py
lint-threads:
	@$(PYTHON) tests/lint/threads.py
lint-links: all
	@$(PYTHON) tests/lint/links.py $(BUILD)
lint-hardening: all
	@$(PYTHON) tests/lint/hardening.py $(BUILD)
lint-docs: all
	@$(PYTHON) tests/lint/docs.py $(BUILD)
lint-words:
	@$(PYTHON) tests/lint/words.py
lint-scripts:
	@$(PYTHON) tests/lint/scripts.py
format: setup-lint ## clang-format every source in place
	@clang-format -i $(C_FILES)

docs: all ## write the generated parts of README.md and the manual
	@$(PYTHON) tests/lint/docs.py $(BUILD) --write

# ---- installation: both programs in one folder, for the one starts the other

PREFIX ?= /usr/local
DESTDIR ?=
BINDIR = $(PREFIX)/bin
SYSCONFDIR = $(if $(filter /usr,$(PREFIX)),,$(PREFIX))/etc
UNITDIR = $(PREFIX)/lib/systemd/system
ZSHDIR = $(PREFIX)/share/zsh/site-functions
SHARE = $(PREFIX)/share
# A file of src/dist and where it goes; @BINDIR@ and @SYSCONFDIR@ in it are replaced.
INSTALLED = $(foreach unit,dropmill.service dropmill-master.service dropmill-worker@.service,systemd/$(unit):$(UNITDIR)/$(unit)) \
	systemd/dropmill.sysusers:$(PREFIX)/lib/sysusers.d/dropmill.conf systemd/dropmill.tmpfiles:$(PREFIX)/lib/tmpfiles.d/dropmill.conf \
	$(foreach page,dropmill.1 dropmill-image.1,$(page):$(SHARE)/man/man1/$(page)) \
	completion/dropmill.bash:$(SHARE)/bash-completion/completions/dropmill completion/_dropmill:$(ZSHDIR)/_dropmill \
	completion/dropmill.fish:$(SHARE)/fish/vendor_completions.d/dropmill.fish COPYING:$(SHARE)/doc/dropmill/COPYING
# Files in /etc are the administrator's: one that is there stays, and only one that was not changed is removed.
CONFIGURED = dropmill.yaml:$(SYSCONFDIR)/dropmill/dropmill.yaml $(foreach sample,$(SAMPLES),../../$(sample):$(SYSCONFDIR)/dropmill/$(sample))
MANUAL = $(patsubst src/dist/doc/%,%,$(shell find src/dist/doc -type f))
filled-in = sed 's|@BINDIR@|$(BINDIR)|; s|@SYSCONFDIR@|$(SYSCONFDIR)|g' "src/dist/$${file%%:*}"
installed-as = $(DESTDIR)$${file\#*:}
install: all ## install programs, units, man pages, manual, completion, definitions and the list of what they were built with: PREFIX=/usr/local DESTDIR=
	install -d $(DESTDIR)$(BINDIR)
	install -m 755 $(BUILD)/dropmill $(BUILD)/dropmill-image $(DESTDIR)$(BINDIR)
	for file in $(INSTALLED); do install -D -m 644 /dev/null "$(installed-as)" && $(filled-in) > "$(installed-as)" || exit 1; done
	for file in $(CONFIGURED); do [ -e "$(installed-as)" ] || { install -D -m 644 /dev/null "$(installed-as)" && \
	  $(filled-in) > "$(installed-as)"; } || exit 1; done
	for page in $(MANUAL); do install -D -m 644 "src/dist/doc/$$page" "$(DESTDIR)$(SHARE)/doc/dropmill/$$page" || exit 1; done
	install -d $(DESTDIR)$(SHARE)/doc/dropmill/pipelines
	install -m 644 $(SAMPLES) $(DESTDIR)$(SHARE)/doc/dropmill/pipelines
	PKG_CONFIG="$(PKG_CONFIG)" CC="$(CC)" src/dist/sbom "$$($(BUILD)/dropmill --version | cut -d ' ' -f 2)" $(CHART_JS)/chart.min.js \
	  $(IMAGE_PACKAGES) libsystemd > $(DESTDIR)$(SHARE)/doc/dropmill/sbom.cdx.json
uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(BINDIR)/dropmill $(DESTDIR)$(BINDIR)/dropmill-image
	for file in $(INSTALLED); do rm -f "$(installed-as)"; done
	for file in $(CONFIGURED); do $(filled-in) | cmp -s - "$(installed-as)" && rm "$(installed-as)"; done; :
	rm -rf $(DESTDIR)$(SHARE)/doc/dropmill

# ---- packages

DEB_BUILD_OPTIONS ?= nocheck
deb: setup-build setup-deb $(if $(findstring nocheck,$(DEB_BUILD_OPTIONS)),,setup-test) ## Debian source and binary packages for this release, in build/deb; DEB_BUILD_OPTIONS= also runs the unit tests
	@DEB_BUILD_OPTIONS="$(DEB_BUILD_OPTIONS)" src/dist/deb "$(VERSION)" $(BUILD)/deb
deb-test: deb setup-debian ## as root: install, upgrade, remove and purge the package in a fresh root with its own systemd; no picture may be lost
	@tests/deb/deb-test $(BUILD)/deb

# ---- releases: the version stands in src/base/version.h, and what is new in src/dist/CHANGELOG.md

VERSION := $(shell sed -n 's/^.define DROPMILL_VERSION "\(.*\)"/\1/p' src/base/version.h)
DIST := dropmill-$(VERSION)
dist: ## the sources as a tarball, of git's last commit: build/dropmill-VERSION.tar.gz; one commit always makes the same bytes
	@git rev-parse --verify -q HEAD >/dev/null || { echo "make dist packs git's last commit, and $(CURDIR) is not a clone" >&2; exit 1; }
	@git diff --quiet HEAD || echo "what is not committed is left out" >&2
	@mkdir -p $(BUILD)
	@git archive --format=tar --prefix=$(DIST)/ -o $(BUILD)/$(DIST).tar HEAD && gzip -9nf $(BUILD)/$(DIST).tar
	@echo $(BUILD)/$(DIST).tar.gz

# ---- an image for containers: programs and libraries of Debian 13, put together in a root of it, and buildah makes an image of that

IMAGE_SUITE ?= trixie
IMAGE_EPOCH := $(shell git log -1 --format=%ct 2>/dev/null || stat -c %Y Makefile)
image: setup-image ## build/image/dropmill.tar for podman load and docker load, and localhost/dropmill in buildah's storage; as root
	@mkdir -p $(BUILD)/image
	@tests/debian $(IMAGE_SUITE) rootfs IMAGE_EPOCH=$(IMAGE_EPOCH)
	@REVISION=$$(git rev-parse HEAD 2>/dev/null) src/dist/container/make-image \
	  $(BUILD_TOP)/debian/$(IMAGE_SUITE)/root/srv/dropmill/build/image/rootfs.tar $(BUILD)/image/dropmill.tar $(IMAGE_EPOCH)
rootfs: setup-rootfs all
	@rm -rf build/image && mkdir -p build/image
	@$(MAKE) --no-print-directory -s install PREFIX=/usr DESTDIR=$(CURDIR)/build/image/installed >/dev/null
	@src/dist/container/rootfs build/image/installed build/image/rootfs.tar $(IMAGE_EPOCH)
image-test: image setup-test ## the image as people run it, without a container engine: a drop, read-only root, another user, signals, health
	@$(RUN) e2e tests/image $(T)

# ---- the rest

compile_commands.json: Makefile tests/lint/compile_commands.py ## for editors and clangd
	@$(MAKE) --no-print-directory -Bn objects | $(PYTHON) tests/lint/compile_commands.py > $@

clean: ## remove everything that was built
	rm -rf $(BUILD) compile_commands.json
	@find tests -name __pycache__ -prune -exec rm -rf {} +

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9_.]+:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' Makefile

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all always setup debian dist newest arm64 objects run kafka unit-tests tests hooks soft-kafka soft-peers test unit e2e exact hostile chaos crash fuzz asan bench lint $(LINT:%=lint-%) format docs install uninstall deb deb-test image rootfs image-test clean help
