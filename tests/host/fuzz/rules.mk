# rules.mk - the fuzzer, the races and the coverage table; included by tests/host/rules.mk.
# FUZZ_SECONDS: how long make fuzz goes on. FUZZ_CC must be clang, which brings libFuzzer.
FUZZ_CC		?= clang
FUZZ_SECONDS	?= 600
FUZZ_CORPUS	?= $(BUILD)/tests/host/fuzz-corpus
FUZZ_DIR	:= tests/host/fuzz
PKGS_FUZZ	:= clang libclang-rt-dev llvm
FUZZ_MODEL_SRC	:= $(FUZZ_DIR)/model.c $(wildcard $(FUZZ_DIR)/ops*.c)
HOST_ALL_SRC	:= $(HOST_MM_SRC) $(wildcard lib/*.c) $(HOST_SHIM_SRC)

# $(call host_variant,NAME,COMPILER,FLAGS,FLAGS FOR ALL BUT KERNEL AND LIB): the objects once more,
# as NAME/%.o, made by another compiler or with other flags.
VARIANT_CFLAGS	= $(filter-out -fsanitize=% -fno-sanitize-recover=% -fno-tree-loop-%, \
		  $(HOST_MM_CFLAGS) $(HOST_EXTRA))
define host_variant
$(HOST_OUT)/$(1)/kernel/%.o: HOST_EXTRA := -ffreestanding -nostdinc -isystem $(GCC_INCLUDE) \
	-D__data_start=__image_data_start
$(HOST_OUT)/$(1)/lib/string.o $(HOST_OUT)/$(1)/lib/printf.o: HOST_EXTRA := $(HOST_RENAME)
$(HOST_OUT)/$(1)/kernel/%.o $(HOST_OUT)/$(1)/lib/%.o: VARIANT := $(3)
$(HOST_OUT)/$(1)/tests/%.o: VARIANT := $(4)
$(HOST_OUT)/$(1)/%.o: %.c $(FUZZ_DIR)/rules.mk
	@mkdir -p $$(@D)
	$$(say) HOSTCC "$$< ($(1))"
	$$(Q)$(2) $$(VARIANT_CFLAGS) $$(VARIANT) -MMD -MP -c $$< -o $$@
-include $$(wildcard $(HOST_OUT)/$(1)/*/*.d $(HOST_OUT)/$(1)/*/*/*.d $(HOST_OUT)/$(1)/*/*/*/*.d)
endef

# ---- the fuzzer: make fuzz ----
FUZZ_SANITIZE	:= -fsanitize=address,undefined -fno-sanitize-recover=all -fno-sanitize=alignment
FUZZ_OBJ	:= $(patsubst %.c,$(HOST_OUT)/fuzz/%.o, \
		   $(HOST_ALL_SRC) $(FUZZ_MODEL_SRC) $(FUZZ_DIR)/fuzz.c)
$(eval $(call host_variant,fuzz,$(FUZZ_CC),$(FUZZ_SANITIZE) -fsanitize=fuzzer-no-link,-O2))
# The verifier only looks: let it be fast, and none of its paths is worth finding.
$(HOST_OUT)/fuzz/kernel/mm/verif%.o: VARIANT := -O2

$(HOST_OUT)/fuzzer: $(FUZZ_OBJ)
	$(say) LINK $@
	$(Q)$(FUZZ_CC) $(FUZZ_SANITIZE) -fsanitize=fuzzer $^ $(HOST_WRAP:%=-Wl,--wrap=%) -o $@

# ---- what make test-host runs ----
FUZZ_TESTS	:= $(addprefix $(HOST_OUT)/,fuzz_test race_test race_tsan_test smp_tsan_test \
		   swap_race_tsan_test pressure_tsan_test)
HOST_TESTS	+= $(FUZZ_TESTS)

FUZZ_MODEL_OBJ	:= $(FUZZ_MODEL_SRC:%.c=$(HOST_OUT)/obj/%.o)
$(HOST_OUT)/fuzz_test: $(FUZZ_DIR)/fuzz_test.c $(FUZZ_MODEL_OBJ) $(HOST_MM_OBJ) $(HOST_OUT)/liblib.a
	$(say) HOSTCC $<
	$(Q)$(HOST_CC) $(HOST_CFLAGS) -MMD -MP -MF $@.d $^ $(HOST_MM_LINK) -o $@

$(HOST_OUT)/race_test: $(FUZZ_DIR)/race_test.c $(HOST_MM_OBJ) $(HOST_OUT)/liblib.a
	$(say) HOSTCC $<
	$(Q)$(HOST_CC) $(HOST_MM_CFLAGS) -MMD -MP -MF $@.d $^ $(HOST_MM_LINK) -o $@

# ThreadSanitizer knows no fences on their own; once.h has it know the kernel's single accesses.
RACE_SANITIZE	:= -fsanitize=thread -Wno-tsan -include tests/host/shim/once.h
RACE_OBJ	:= $(patsubst %.c,$(HOST_OUT)/tsan/%.o,$(HOST_ALL_SRC))
$(eval $(call host_variant,tsan,$(HOST_CC),$(RACE_SANITIZE),$(RACE_SANITIZE)))

$(HOST_OUT)/race_tsan_test: $(HOST_OUT)/tsan/$(FUZZ_DIR)/race_test.o $(RACE_OBJ)
	$(say) LINK $@
	$(Q)$(HOST_CC) -fsanitize=thread $^ $(HOST_MM_LINK) -o $@
$(addprefix $(HOST_OUT)/,smp_tsan_test swap_race_tsan_test pressure_tsan_test): \
		$(HOST_OUT)/%_tsan_test: \
		$(HOST_OUT)/tsan/tests/host/mm/%_test.o $(RACE_OBJ)
	$(say) LINK $@
	$(Q)$(HOST_CC) -fsanitize=thread $^ $(HOST_MM_LINK) -o $@

# ---- how much of kernel/mm the host tests and the fuzzer's finds run: make fuzz-cov ----
COV_FLAGS	:= -fprofile-instr-generate -fcoverage-mapping -fprofile-update=atomic
COV_OBJ		:= $(patsubst %.c,$(HOST_OUT)/cov/%.o,$(HOST_ALL_SRC) $(FUZZ_MODEL_SRC))
COV_TESTS	:= $(patsubst $(HOST_OUT)/%,$(HOST_OUT)/cov/%,$(HOST_MM_TESTS) \
		   $(HOST_OUT)/fuzz_test $(HOST_OUT)/race_test)
$(eval $(call host_variant,cov,$(FUZZ_CC),$(COV_FLAGS),-O1))
# Kept, though only a chain of rules asks for them.
.SECONDARY: $(COV_OBJ) $(patsubst %.c,$(HOST_OUT)/cov/%.o, \
	    $(wildcard tests/host/mm/*_test.c $(FUZZ_DIR)/*_test.c))

$(HOST_OUT)/cov/%_test: $(HOST_OUT)/cov/tests/host/mm/%_test.o $(COV_OBJ)
	$(say) LINK $@
	$(Q)$(FUZZ_CC) $(COV_FLAGS) $^ $(HOST_MM_LINK) -o $@
$(HOST_OUT)/cov/%_test: $(HOST_OUT)/cov/$(FUZZ_DIR)/%_test.o $(COV_OBJ)
	$(say) LINK $@
	$(Q)$(FUZZ_CC) $(COV_FLAGS) $^ $(HOST_MM_LINK) -o $@

# ---- targets ----
FUZZ_OPTIONS	:= -max_len=400 -len_control=0 -use_cmp=0 -detect_leaks=0 \
		   -timeout=20 -print_final_stats=1

.PHONY: fuzz fuzz-cov soak-host fuzz-now fuzz-cov-now soak-host-now
fuzz fuzz-cov soak-host:
	@DEPS=$(DEPS) tests/run-deps $(PKGS_TEST) $(if $(filter fuzz%,$@),$(PKGS_FUZZ))
	@$(MAKE) $@-now

fuzz-now: $(HOST_OUT)/fuzzer
	@mkdir -p $(FUZZ_CORPUS)
	$< $(FUZZ_OPTIONS) -artifact_prefix=$(BUILD)/tests/host/ -max_total_time=$(FUZZ_SECONDS) \
		$(FUZZ_CORPUS) $(FUZZ_DIR)/corpus

# Of what make fuzz has found if it has run, else of corpus/.
fuzz-cov-now: $(COV_TESTS)
	@rm -f $(HOST_OUT)/cov/*.profraw
	@for test in $(COV_TESTS); do \
		FUZZ_CORPUS=$(wildcard $(FUZZ_CORPUS)) \
		LLVM_PROFILE_FILE=$(HOST_OUT)/cov/%4m.profraw \
			$$test > /dev/null 2>&1 || echo "$$test fails"; \
	done
	@llvm-profdata merge -o $(HOST_OUT)/cov/all.profdata $(HOST_OUT)/cov/*.profraw
	@llvm-cov report $(HOST_OUT)/cov/fuzz_test -instr-profile=$(HOST_OUT)/cov/all.profdata \
		-show-region-summary=false -show-branch-summary=false \
		-ignore-filename-regex='(^|/)(lib|tests|include|sync|sched)/' | \
		awk '/^([a-z].*[.][ch]|TOTAL) / && $$5 > 0 \
		     { printf "%-24s %5d of %5d lines %s\n", $$1, $$5 - $$6, $$5, $$7 }'

# All host tests that go on for as long as they are told; the last three have several parts.
SOAK_SECONDS	?= 600
soak-host-now: $(HOST_TESTS)
	FUZZ_SECONDS=$(SOAK_SECONDS) $(HOST_OUT)/fuzz_test
	RACE_SECONDS=$(SOAK_SECONDS) $(HOST_OUT)/race_test
	RACE_SECONDS=$(SOAK_SECONDS) $(HOST_OUT)/race_tsan_test
	SMP_MS=$$(($(SOAK_SECONDS) * 150)) $(HOST_OUT)/smp_tsan_test
	SMP_MS=$$(($(SOAK_SECONDS) * 150)) $(HOST_OUT)/swap_race_tsan_test
	SMP_MS=$$(($(SOAK_SECONDS) * 150)) $(HOST_OUT)/pressure_test
