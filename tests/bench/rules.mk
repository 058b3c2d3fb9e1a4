# How the benchmark is built and run: it is process 1 of an image of its own.
# PEER=none leaves Linux out of the comparison; MODES picks from run-bench's, T rows by name.
PEER		?= linux
MODES		?= count,tcg1,tcg2,swap-count,swap-tcg
BENCH_OUT	:= $(BUILD)/tests/bench
BENCH_IMAGE	:= $(BENCH_OUT)/bench.cpio
BENCH_SRC	:= $(sort $(wildcard tests/bench/*.c))
BENCH_CFLAGS	:= -static -O2 -g -Wall -Wextra $(MAYBE_WERROR) -pthread

$(BENCH_OUT)/bench: $(BENCH_SRC) tests/bench/bench.h tests/bench/rules.mk
	@mkdir -p $(@D)
	$(say) BENCHCC $@
	$(Q)$(MUSL) $(BENCH_CFLAGS) "-ffile-prefix-map=$(CURDIR)=." $(BENCH_SRC) -o $@

$(BENCH_IMAGE): $(BENCH_OUT)/bench boot/mkinitramfs
	$(say) CPIO $@
	$(Q)boot/mkinitramfs $@ $(BUSYBOX) /init=$(BENCH_OUT)/bench

$(call one_of,PEER,linux none)

bench-now: $(BUILD)/kernel.elf $(BENCH_IMAGE) $(if $(filter linux,$(PEER)),$(LINUX_KERNEL))
	@tests/bench/run-bench --out $(BENCH_OUT) --modes $(call quoted,$(MODES)) \
		--only $(call quoted,$(T)) \
		$(BUILD)/kernel.elf $(BENCH_IMAGE) \
		$(if $(filter linux,$(PEER)),$(LINUX_KERNEL) \
		$$(ls $(LINUX_MODULES) 2>/dev/null || echo /dev/null))
