# Souk. `make` prints what can be made.
#
# Sources are found, not listed: every src/**/*.c but *_test.c is part of the program, every proto/souk/**/*.proto is compiled
# twice (protoc-c for messages, our protoc-gen-souk for declarations). Variants build side by side:
#   make build                 build/souk, build/souk-sim
#   make VARIANT=asan …        build/asan/…: AddressSanitizer and UndefinedBehaviorSanitizer
#   make VARIANT=tsan …        build/tsan/…: ThreadSanitizer

VARIANT ?= release
# V=1 shows the commands.
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
OUT := build/$(VARIANT)
GEN := build/gen
CC := gcc
PKGS := libuv libnghttp2 zlib sqlite3 openssl jansson libprotobuf-c libcurl libpq libnats hiredis
GOOGLEAPIS := /usr/share/gocode/src/github.com/gogo/googleapis

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes -Wmissing-prototypes \
            -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla -Wformat=2 -Werror
CFLAGS_release := -O2 -g -fno-omit-frame-pointer -D_FORTIFY_SOURCE=2 -fstack-protector-strong
CFLAGS_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
CFLAGS_tsan := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
# For the fuzzers: libFuzzer is clang's. Warnings are gcc's to give; the macro is how gcc tells the arenas of AddressSanitizer.
CFLAGS_fuzz := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
               -D__SANITIZE_ADDRESS__ -w
ifeq ($(VARIANT),fuzz)
CC := clang
WARNINGS :=
endif
# Generated headers count as the system's: the initialisers that protobuf-c writes cast const away (so -MD, which follows those too).
VERSION := 0.1.0
BASE_CFLAGS = -std=gnu17 -D_GNU_SOURCE -DSOUK_VERSION='"$(VERSION)"' -pthread -fPIE $(CFLAGS_$(VARIANT)) $(EXTRA_CFLAGS) \
              -Isrc -isystem $(GEN) $(shell pkg-config --cflags $(PKGS))
LDFLAGS = -pie -pthread $(filter -fsanitize%,$(CFLAGS_$(VARIANT)))
# libcsv has no pkg-config file.
LDLIBS = $(shell pkg-config --libs $(PKGS)) -lcsv -lm

SOURCES := $(shell find src -name '*.c' ! -name '*_test.c' ! -name main.c)
TEST_SOURCES := $(shell find src -name '*_test.c')
PROTOS := $(sort $(shell find proto/souk -name '*.proto'))
GOOGLE_PROTOS := google/protobuf/descriptor google/protobuf/timestamp google/protobuf/empty google/protobuf/field_mask google/api/http google/api/annotations \
                 google/protobuf/any google/protobuf/duration google/rpc/status google/rpc/error_details

# gRPC's own services, which are no capabilities of ours.
GRPC_PROTOS := grpc/health/v1/health grpc/reflection/v1/reflection

SERVICE_PROTOS := $(filter-out proto/souk/options.proto,$(PROTOS))
WITH_SERVICE := $(shell grep -l '^service ' $(SERVICE_PROTOS))
PB_C := $(PROTOS:proto/%.proto=$(GEN)/%.pb-c.c) $(GOOGLE_PROTOS:%=$(GEN)/%.pb-c.c) $(GRPC_PROTOS:%=$(GEN)/%.pb-c.c)
SOUK_C := $(SERVICE_PROTOS:proto/%.proto=$(GEN)/%.souk.c) $(WITH_SERVICE:proto/%.proto=$(GEN)/%.service.c) \
          $(WITH_SERVICE:proto/%.proto=$(GEN)/%.client.c) $(GEN)/souk/all.souk.c
FROM_CONTRACTS := $(PROTOS:proto/%.proto=$(GEN)/%.pb-c.c) $(SOUK_C)
FROM_CONTRACTS += $(patsubst %.c,%.h,$(filter-out %.service.c,$(FROM_CONTRACTS)))
MIGRATION_FOLDERS := src/platform/store/migrations $(wildcard src/services/*/migrations)
MIGRATION_C := $(MIGRATION_FOLDERS:src/%=$(GEN)/%.c)
GENERATED := $(PB_C) $(SOUK_C) $(MIGRATION_C)

OBJECTS = $(SOURCES:%.c=$(OUT)/%.o) $(GENERATED:$(GEN)/%.c=$(OUT)/gen/%.o)
PROTOC_FLAGS := -Iproto -I/usr/include -I$(GOOGLEAPIS)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SECONDARY:

## help: what can be made
.PHONY: help
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST) | sed 's/^\([^:]*\):/  make \1\t/' | expand -t 20

## packages: install the Debian packages of packages.txt that are missing, to build and run
.PHONY: packages
packages:
	@tools/install-packages

## build: build/souk, build/souk-sim, build/schema.graphql and build/admin.graphql
.PHONY: build
build: packages graphiql
	@$(MAKE) --no-print-directory -j2 programs sim schema
.PHONY: programs
programs: $(OUT)/souk
ifeq ($(VARIANT),release)
	@ln -sf release/souk build/souk
endif

## clean: remove everything built
.PHONY: clean
clean:
	rm -rf build

# --- the generator ------------------------------------------------------------------------------------------------------

GENERATOR := build/tools/protoc-gen-souk
GENERATOR_PB := google/protobuf/descriptor google/protobuf/compiler/plugin google/api/http souk/options
GENERATOR_SOURCES := $(wildcard tools/protoc-gen-souk/*.c) $(GENERATOR_PB:%=build/tools/gen/%.pb-c.c)
GENERATOR_BUILD = gcc -std=gnu17 -D_GNU_SOURCE -g -O1 $(WARNINGS) -Isrc -isystem build/tools/gen \
                  $(shell pkg-config --cflags libprotobuf-c) -o $@ $(GENERATOR_SOURCES) $(shell pkg-config --libs libprotobuf-c)

$(GENERATOR) $(GENERATOR)-asan: $(GENERATOR_SOURCES) $(wildcard tools/protoc-gen-souk/*.h) src/platform/rpc/call.h
$(GENERATOR):
	@echo '  build   $@'
	$(Q)$(GENERATOR_BUILD)
$(GENERATOR)-asan:
	@echo '  build   $@'
	$(Q)$(GENERATOR_BUILD) $(CFLAGS_asan)
build/tools/gen/souk/options.pb-c.c: proto/souk/options.proto
build/tools/gen/%.pb-c.c:
	@mkdir -p build/tools/gen
	@echo '  protoc  $*.proto'
	$(Q)protoc-c --c_out=build/tools/gen $(PROTOC_FLAGS) $*.proto

## check-generator: test protoc-gen-souk (GOLDEN=update takes its present output for right)
.PHONY: check-generator
check-generator: $(GENERATOR)-asan $(GOOGLE_PROTOS:%=$(GEN)/%.pb-c.c)
	@tools/protoc-gen-souk/tests/run $(GENERATOR)-asan $(GEN) $(PROTOC_FLAGS)

# --- generated sources --------------------------------------------------------------------------------------------------

$(GEN)/google/%.pb-c.c $(GEN)/google/%.pb-c.h &:
	@mkdir -p $(GEN)
	@echo '  protoc  google/$*.proto'
	$(Q)protoc-c --c_out=$(GEN) $(PROTOC_FLAGS) google/$*.proto
$(GEN)/grpc/%.pb-c.c $(GEN)/grpc/%.pb-c.h &: proto/grpc/%.proto
	@mkdir -p $(GEN)
	@echo '  protoc  grpc/$*.proto'
	$(Q)protoc-c --c_out=$(GEN) $(PROTOC_FLAGS) grpc/$*.proto
# Everything that a client may ask for by reflection, with what it imports.
$(GEN)/contracts.binpb: $(PROTOS) $(GRPC_PROTOS:%=proto/%.proto)
	@mkdir -p $(@D)
	@echo '  describe every contract'
	$(Q)protoc --include_imports --descriptor_set_out=$@ $(PROTOC_FLAGS) $(PROTOS:proto/%=%) $(GRPC_PROTOS:%=%.proto)
# protoc-gen-souk sees all contracts at once, since links lead from one to another. Both generators write beside, and only what differs
# is moved over, so that a change of one contract does not compile everything again. The list tells when a contract was taken away.
$(GEN)/souk.stamp: $(PROTOS) $(GEN)/contracts $(GENERATOR) tools/move-changed
	@rm -rf $(GEN)/new && mkdir -p $(GEN)/new
	@echo '  declare every contract'
	$(Q)protoc --plugin=protoc-gen-souk=$(GENERATOR) --souk_out=$(GEN)/new $(PROTOC_FLAGS) $(SERVICE_PROTOS:proto/%=%)
	$(Q)protoc-c --c_out=$(GEN)/new $(PROTOC_FLAGS) $(PROTOS:proto/%=%)
	@tools/move-changed $(GEN)/new $(GEN)
	@touch $@
$(FROM_CONTRACTS): $(GEN)/souk.stamp ;
$(GEN)/contracts: ALWAYS
	@mkdir -p $(@D)
	@echo '$(SERVICE_PROTOS)' | cmp -s - $@ || echo '$(SERVICE_PROTOS)' >$@
.PHONY: ALWAYS
ALWAYS:

# build/gen/services/catalog/migrations.{h,c} from src/services/catalog/migrations/*.sql; the folder itself is named, as it changes when
# a script goes.
.SECONDEXPANSION:
$(GEN)/services/%/migrations.c $(GEN)/services/%/migrations.h &: src/services/%/migrations \
        $$(wildcard src/services/$$*/migrations/*.sql) tools/embed-migrations tools/migration-kind
	@mkdir -p $(GEN)/services/$*
	tools/embed-migrations $* $< $(GEN)/services/$*/migrations
$(GEN)/platform/store/migrations.c $(GEN)/platform/store/migrations.h &: src/platform/store/migrations \
        $(wildcard src/platform/store/migrations/*.sql) tools/embed-migrations tools/migration-kind
	@mkdir -p $(@D)
	tools/embed-migrations platform $< $(@D)/migrations

# Toys: services for the platform's own tests (tests/toys), made like real ones.
TOYS := $(GEN)/toys
TOY_PROTOS := $(wildcard tests/toys/proto/toy/*.proto)
TOY_NAMES := $(TOY_PROTOS:tests/toys/proto/toy/%.proto=%)
TOY_C := $(foreach name,$(TOY_NAMES),$(addprefix $(TOYS)/toy/$(name).,pb-c.c souk.c service.c client.c)) \
         $(patsubst tests/toys/%/migrations,$(TOYS)/%/migrations.c,$(wildcard tests/toys/*/migrations))
$(TOYS)/%.pb-c.c: tests/toys/proto/%.proto
	@mkdir -p $(@D)
	$(Q)protoc-c --c_out=$(TOYS) -Itests/toys/proto $(PROTOC_FLAGS) $*.proto
$(TOYS)/toys.stamp: $(TOY_PROTOS) $(PROTOS) $(GENERATOR)
	@rm -rf $(TOYS)/new && mkdir -p $(TOYS)/new
	$(Q)protoc --plugin=protoc-gen-souk=$(GENERATOR) --souk_out=$(TOYS)/new -Itests/toys/proto $(PROTOC_FLAGS) $(TOY_NAMES:%=toy/%.proto)
	@rm -r $(TOYS)/new/souk # the list of all services is of the real ones
	@tools/move-changed $(TOYS)/new $(TOYS)
	@touch $@
$(filter %.souk.c %.service.c %.client.c,$(TOY_C)): $(TOYS)/toys.stamp ;
$(TOYS)/%/migrations.c: tests/toys/%/migrations $$(wildcard tests/toys/$$*/migrations/*.sql) tools/embed-migrations tools/migration-kind
	@mkdir -p $(@D)
	$(Q)tools/embed-migrations $* $< $(@D)/migrations

.PHONY: generate
generate: $(GENERATED) $(TOY_C)

# --- GraphiQL, the page for browsers at /graphql --------------------------------------------------------------------------

# Without a bundle there are empty files in its place, and the program does without.
build/web/graphiql/graphiql.js build/web/graphiql/graphiql.css:
	@mkdir -p $(@D)
	@touch $@
## graphiql: get the page for browsers from npm, for the next build
.PHONY: graphiql
graphiql: build/web/graphiql/stamp
build/web/graphiql/stamp: web/graphiql/package-lock.json web/graphiql/page.js tools/build-graphiql
	@echo '  bundle  GraphiQL'
	@tools/build-graphiql

# --- objects ------------------------------------------------------------------------------------------------------------

$(OUT)/src/%.o: src/%.c | generate
	@mkdir -p $(@D)
	@echo '  compile $<'
	$(Q)$(CC) $(BASE_CFLAGS) $(WARNINGS) -MD -MP -c -o $@ $<
# Files that the assembler takes in (.incbin) are no includes.
$(OUT)/src/gateways/graphql/page.o: build/web/graphiql/graphiql.js build/web/graphiql/graphiql.css
$(OUT)/src/gateways/grpc/contracts.o: $(GEN)/contracts.binpb
$(OUT)/src/gateways/rest/openapi.o: $(wildcard src/gateways/rest/*.json)
$(OUT)/tests/toys/%.o: tests/toys/%.c | generate
	@mkdir -p $(@D)
	@echo '  compile $<'
	$(Q)$(CC) $(BASE_CFLAGS) $(WARNINGS) -MD -MP -c -o $@ $<
$(OUT)/src/%_test.o $(OUT)/tests/toys/%.o: EXTRA_CFLAGS += -Itests -isystem $(TOYS)
$(OUT)/gen/toys/%.o: EXTRA_CFLAGS += -isystem $(TOYS)
# What it embeds is no header.
$(OUT)/src/demo/contents.o: src/demo/products.csv
$(OUT)/gen/%.o: $(GEN)/%.c | generate
	@mkdir -p $(@D)
	@echo '  compile $<'
	$(Q)$(CC) $(BASE_CFLAGS) -w -MD -MP -c -o $@ $<
$(OUT)/souk: $(OBJECTS) $(OUT)/src/main.o
	@echo '  link    $@'
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# --- unit tests: src/**/x_test.c beside x.c, one program each -------------------------------------------------------------

TESTS = $(TEST_SOURCES:src/%.c=$(OUT)/tests/%)
$(OUT)/libsouk.a: $(OBJECTS)
	@rm -f $@
	@echo '  archive $@'
	$(Q)ar rcs $@ $^
$(OUT)/libtoys.a: $(TOY_C:$(GEN)/%.c=$(OUT)/gen/%.o) $(patsubst %.c,$(OUT)/%.o,$(wildcard tests/toys/*.c))
	@rm -f $@
	@echo '  archive $@'
	$(Q)ar rcs $@ $^
# A test may include its source to reach statics, so its own object wins over the archive's member.
$(OUT)/tests/%: $(OUT)/src/%.o $(OUT)/libtoys.a $(OUT)/libsouk.a
	@mkdir -p $(@D)
	@echo '  link    $@'
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(OUT)/libtoys.a $(OUT)/libsouk.a $(LDLIBS) $(shell pkg-config --libs cmocka)

## unit: build and run the unit tests (VARIANT=asan, tsan)
.PHONY: unit
unit: $(TESTS) $(SIM_TESTS)
	@tools/run-tests $^

# --- the simulator: sim/*.c, with the real services ---------------------------------------------------------------------------

## sim: build/souk-sim, the shop in a world made from a seed
.PHONY: sim
sim: $(OUT)/souk-sim
	@ln -sf $(<:build/%=%) build/souk-sim
## check-sim: SEEDS=1..300 of them must hold
SEEDS ?= 1..300
.PHONY: check-sim
check-sim: sim
	@$(OUT)/souk-sim --seeds $(SEEDS)

SIM_OBJECTS = $(patsubst %.c,$(OUT)/%.o,$(filter-out sim/main.c %_test.c,$(wildcard sim/*.c)))
SIM_TESTS = $(patsubst sim/%.c,$(OUT)/tests/sim/%,$(wildcard sim/*_test.c))
$(OUT)/sim/%.o: sim/%.c | generate
	@mkdir -p $(@D)
	@echo '  compile $<'
	$(Q)$(CC) $(BASE_CFLAGS) -I. $(WARNINGS) -MD -MP -c -o $@ $<
$(OUT)/souk-sim: $(OUT)/sim/main.o $(SIM_OBJECTS) $(OUT)/libsouk.a
	@echo '  link    $@'
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
# One planted bug (src/base/plants.h): the file that has it, compiled with it, before the archive that has it without.
$(OUT)/plants/%/souk-sim: $(OUT)/souk-sim
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CFLAGS) $(WARNINGS) -DPLANT_$*=1 -c -o $(@D)/planted.o $$(grep -rl --include='*.c' 'PLANTED($*)' src)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(OUT)/sim/main.o $(SIM_OBJECTS) $(@D)/planted.o $(OUT)/libsouk.a $(LDLIBS)
## check-plants: every planted bug must be found within 1,000 seeds
.PHONY: check-plants
check-plants: sim
	@tools/find-planted-bugs $(OUT)
$(OUT)/tests/sim/%: $(OUT)/sim/%.o $(SIM_OBJECTS) $(OUT)/libsouk.a
	@mkdir -p $(@D)
	@echo '  link    $@'
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(shell pkg-config --libs cmocka)

# --- fuzzers: fuzz/x_fuzz.c each, with seeds in fuzz/corpus/x ---------------------------------------------------------------

FUZZ_SECONDS ?= 20
FUZZERS = $(patsubst fuzz/%_fuzz.c,$(OUT)/fuzzers/%,$(wildcard fuzz/*_fuzz.c))
$(OUT)/fuzzers/%: fuzz/%_fuzz.c $(OUT)/libsouk.a
	@mkdir -p $(@D)
	@echo '  link    $@'
	$(Q)$(CC) $(BASE_CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< $(OUT)/libsouk.a $(LDLIBS)
.PHONY: fuzzers
fuzzers: $(FUZZERS)

## fuzz: build and run each fuzzer for FUZZ_SECONDS=20
.PHONY: fuzz
fuzz:
	@$(MAKE) --no-print-directory VARIANT=fuzz fuzzers
	@tools/run-fuzzers $(FUZZ_SECONDS)

# --- programs that measure: bench/x.c each; the scripts beside them make what they need ---------------------------------------

$(OUT)/bench/%: bench/%.c $(OUT)/libsouk.a
	@mkdir -p $(@D)
	@echo '  link    $@'
	$(Q)$(CC) $(BASE_CFLAGS) $(WARNINGS) $(LDFLAGS) -o $@ $< $(OUT)/libsouk.a $(LDLIBS)

## bench-store: how fast the store is, alone, on the disk under build/
.PHONY: bench-store
bench-store: $(OUT)/bench/store_bench
	@$< $(OUT)

## bench: how fast it is, beside nginx and PostgreSQL; one table
.PHONY: bench
bench:
	@tools/install-packages measure
	@bench/run

## bench-growth: the same questions to shops of 1,000 to 1,000,000 variants and orders; takes a while and some GB
.PHONY: bench-growth
bench-growth: packages
	@tools/install-packages measure
	@bench/growth

## check-openapi: lint the reference that the server writes, and hold its answers against it (npm)
.PHONY: check-openapi
check-openapi: programs
	@tests/openapi/check

## schema: build/schema.graphql and build/admin.graphql, what GraphQL clients see
.PHONY: schema
schema: build/schema.graphql build/admin.graphql
build/schema.graphql: $(OUT)/souk
	$(Q)$< schema graphql >$@
build/admin.graphql: $(OUT)/souk
	$(Q)$< schema graphql --admin >$@
## check-graphql: hold GraphQL against graphql-js (npm; GOLDEN=update takes the present schemas for right)
.PHONY: check-graphql
check-graphql: programs $(OUT)/graphql_validate
	@GRAPHQL_VALIDATE="$(CURDIR)/$(OUT)/graphql_validate" tests/graphql/check
# Our engine by itself: documents in, what is wrong with them out.
$(OUT)/graphql_validate: tests/graphql/validate.c $(OUT)/libsouk.a
	@echo '  link    $@'
	$(Q)$(CC) $(BASE_CFLAGS) $(WARNINGS) $(LDFLAGS) -o $@ $< $(OUT)/libsouk.a $(LDLIBS)

## check-features: run the texts in features/ (npm; SOUK_DRIVER=graphql for that way in, SOUK=build/asan/souk for another program)
.PHONY: check-features
check-features: programs
	@tests/features/check

## check-apart: the same, with every service in a process of its own; and what happens when a part is away
.PHONY: check-apart
check-apart: programs
	@SOUK_LAYOUT=apart tests/features/check

## check-nats: a split shop whose NATS JetStream loses everything meanwhile
.PHONY: check-nats
check-nats: programs
	@tests/with-nats node tests/nats/lost_store.mjs

## check-redis: two gateways that share limits and cache in Redis, which dies, hangs, forgets and comes back
.PHONY: check-redis
check-redis: programs
	@tests/with-redis node tests/redis/shared.mjs

## check-traces: one purchase over services apart is one trace, as a collector sees it
.PHONY: check-traces
check-traces: programs
	@tests/with-nats node tests/traces/traces.mjs

## check-grpc: ask over gRPC with the clients that others use (npm)
.PHONY: check-grpc
check-grpc: programs
	@tests/grpc/check

## check-postgres: the same, with everything kept in a PostgreSQL of its own
.PHONY: check-postgres
check-postgres: programs
	@tests/with-postgres sh -c 'SOUK_TEST_STORE=$$SOUK_TEST_POSTGRES tests/features/check'

## check-many: the same, services apart, on PostgreSQL and NATS JetStream (TAGS=@buying: some of them)
.PHONY: check-many
check-many: programs
	@tests/with-postgres tests/with-nats sh -c 'SOUK_LAYOUT=apart SOUK_TEST_STORE=$$SOUK_TEST_POSTGRES tests/features/check $(TAGS:%=--tags %) ../../features'

## check-layouts: all of them in each of the four layouts
.PHONY: check-layouts
check-layouts: check-features check-postgres check-apart check-many

## check-instances: two processes of one shop on one PostgreSQL database; one is killed, stopped, cut off
.PHONY: check-instances
check-instances: programs
	@tests/with-postgres sh -c 'SOUK_TEST_STORE=$$SOUK_TEST_POSTGRES node tests/postgres/instances.mjs'

## check-cli: import and export, with a server and without one; serving with TLS; two processes with certificates for each other
.PHONY: check-cli
check-cli: programs
	@tests/cli/check build/souk
	@tests/cli/check_tls build/souk
	@tests/cli/check_peers build/souk
	@tests/with-postgres tests/cli/check_move build/souk

## check-crash: fifty kill -9 under load; nothing that was answered may be lost or doubled
.PHONY: check-crash
check-crash: programs
	@node tests/crash/crash.mjs

## check-faults: what fails under load in the largest layout loses nothing, doubles nothing and charges nobody for nothing; takes ten minutes
.PHONY: check-faults check-faults-shortly
check-faults: programs
	@tests/faults/run --long
check-faults-shortly: programs
	@tests/faults/run

## check-overload: when more is asked than the machine can do, who pays gets through
.PHONY: check-overload
check-overload: programs
	@node tests/overload/overload.mjs

## check-restart: restarts under load, with the socket held by somebody else, fail no request
.PHONY: check-restart
check-restart: programs $(OUT)/restart_holder
	@tests/with-postgres tests/restart/check build/souk $(OUT)/restart_holder
$(OUT)/restart_holder: tests/restart/holder.c
	@echo '  build   $@'
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE $(CFLAGS_$(VARIANT)) $(WARNINGS) -o $@ $<

## check-deploy: lint the files in deploy/ (npm; systemd-analyze and kubectl where they are)
.PHONY: check-deploy
check-deploy: programs
	@deploy/check build/souk

## serve: install, build and serve the demo shop on 127.0.0.1:8080, with its data in ./data
.PHONY: serve
serve: build
	@tools/serve

## test: install, build and run every test
.PHONY: test
test:
	@tools/install-packages test
	@tools/test

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
