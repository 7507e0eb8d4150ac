# SPDX-License-Identifier: GPL-2.0-or-later
# dropmill: `make help` lists the targets.

BUILD ?= build
CC ?= gcc
VARIANT_FLAGS ?=
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wundef -Wpointer-arith
CORE_PACKAGES := glib-2.0 gio-2.0 gio-unix-2.0 gmodule-2.0 json-glib-1.0 rdkafka yaml-0.1 sqlite3
IMAGE_PACKAGES := $(CORE_PACKAGES) vips
pkg-cflags = $(shell pkg-config --cflags $(1) 2>/dev/null)
pkg-libs = $(shell pkg-config --libs $(1) 2>/dev/null)

CFLAGS ?= -O2 -g
override CFLAGS += -std=gnu17 $(WARNINGS) -Isrc -D_GNU_SOURCE -DG_LOG_DOMAIN=\"dropmill\" -MMD -MP $(VARIANT_FLAGS)
override LDFLAGS += $(VARIANT_FLAGS)

# Two programs: dropmill (master, page, tools; no libvips) and dropmill-image (workers, codecs, the checker), started by the first.
CORE_MODULES := web master bus pipeline base
IMAGE_MODULES := worker codec image bus pipeline base
MODULES := base pipeline image bus codec worker master web
IMAGE_SIDE := image codec worker

module-objects = $(patsubst src/%.c,$(BUILD)/obj/%.o,$(wildcard src/$(1)/*.c)) $(if $(filter web,$(1)),$(BUILD)/obj/web/assets.o)
archives = $(foreach m,$(1),$(BUILD)/lib/$(m).a)

all: $(BUILD)/dropmill $(BUILD)/dropmill-image

$(BUILD)/dropmill: $(BUILD)/obj/main.o $(patsubst src/%.c,$(BUILD)/obj/%.o,$(wildcard src/command_*.c)) $(call archives,$(CORE_MODULES))
	$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(call pkg-libs,$(CORE_PACKAGES)) -linotifytools -lcivetweb -lpthread -lm

$(BUILD)/dropmill-image: $(BUILD)/obj/main_image.o $(call archives,$(IMAGE_MODULES))
	$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(call pkg-libs,$(IMAGE_PACKAGES)) -lpthread -lm

define module-rule
$(BUILD)/lib/$(1).a: $(call module-objects,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	ar rcsD $$@ $$^
endef
$(foreach m,$(MODULES),$(eval $(call module-rule,$(m))))

$(BUILD)/obj/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(if $(filter $(IMAGE_SIDE) main_image,$(firstword $(subst /, ,$*))),$(call pkg-cflags,$(IMAGE_PACKAGES)),$(call pkg-cflags,$(CORE_PACKAGES))) -c -o $@ $<

$(BUILD)/gen/assets.c: src/web/assets/assets.gresource.xml $(wildcard src/web/assets/*)
	@mkdir -p $(@D)
	glib-compile-resources --sourcedir=src/web/assets --generate-source --target=$@ $<
$(BUILD)/obj/web/assets.o: $(BUILD)/gen/assets.c
	@mkdir -p $(@D)
	$(CC) -O2 $(VARIANT_FLAGS) $(call pkg-cflags,gio-2.0) -c -o $@ $<

# Unit tests: tests/unit/MODULE/test_*.c; those of image, codec and worker link libvips, the others prove that they need none.
UNIT_SOURCES := $(wildcard tests/unit/*/test_*.c)
UNIT_TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(UNIT_SOURCES))
unit-side = $(if $(filter $(IMAGE_SIDE),$(word 2,$(subst /, ,$(1)))),image,core)

$(BUILD)/tests/unit/%: tests/unit/%.c $(call archives,$(MODULES))
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) $(call pkg-cflags,$(IMAGE_PACKAGES) cmocka) -o $@ $< -Wl,--start-group \
	  $(if $(filter image,$(call unit-side,unit/$*)),$(call archives,$(IMAGE_MODULES)),$(call archives,$(CORE_MODULES))) -Wl,--end-group \
	  $(if $(filter image,$(call unit-side,unit/$*)),$(call pkg-libs,$(IMAGE_PACKAGES)),$(call pkg-libs,$(CORE_PACKAGES)) -linotifytools -lcivetweb) $(call pkg-libs,cmocka) -lpthread -lm

unit: $(UNIT_TESTS)
	@for t in $(UNIT_TESTS); do echo "== $$t"; $$t || exit 1; done

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.PHONY: all unit clean
