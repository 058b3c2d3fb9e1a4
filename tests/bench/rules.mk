# How the benchmark is built and run: bench.c is process 1 of an image of its own.
# PEER=none leaves Linux out of the comparison.
PEER		?= linux
BENCH_OUT	:= $(BUILD)/tests/bench
BENCH_IMAGE	:= $(BENCH_OUT)/bench.cpio
BENCH_CFLAGS	:= -static -O2 -g -Wall -Wextra -Werror

$(BENCH_OUT)/bench: tests/bench/bench.c tests/bench/rules.mk
	@mkdir -p $(@D)
	$(say) BENCHCC $<
	$(Q)$(MUSL) $(BENCH_CFLAGS) -ffile-prefix-map=$(CURDIR)=. $< -o $@

$(BENCH_IMAGE): $(BENCH_OUT)/bench boot/mkinitramfs
	$(say) CPIO $@
	$(Q)boot/mkinitramfs $@ $(BUSYBOX) /init=$(BENCH_OUT)/bench

bench-now: $(BUILD)/kernel.elf $(BENCH_IMAGE)
	@$(if $(filter linux,$(PEER)),tests/fetch-linux $(LINUX))
	@tests/bench/run-bench --out $(BENCH_OUT) $(BUILD)/kernel.elf $(BENCH_IMAGE) \
		$(if $(filter linux,$(PEER)),$(LINUX))
