"""console.py - what stands between QEMU's console and where run-qemu's input and output lead.
On a terminal QEMU has the keys itself. Input that is a file or a pipe is typed by us, as soon as
the kernel has spoken and pauses. Where it ends, the guest finds the end of its input each time it
reads, as a program with such an input does: ^D is typed, and typed again.
UEFI firmware clears the screen and sets colours; its words are passed on, without that."""
import os
import re
import threading
import time

FIRMWARE_ENDS = b"BdsDxe: starting"
ESCAPE = re.compile(rb"\x1b\[=?[\d;]*[A-Za-z]")
BEGUN_ESCAPE = re.compile(rb"\x1b(\[=?[\d;]*)?$")
END_OF_INPUT = b"\x04"
BYTES = 65536
QUIET = 0.3	# seconds


def output_of(pipe):
    while True:
        data = os.read(pipe.fileno(), BYTES)
        if not data:
            return
        yield data


def without_firmware(output):
    """@output with no escapes in it until the firmware has started what it has loaded."""
    past = held = b""
    for data in output:
        past = past[-len(FIRMWARE_ENDS):] + data
        data = ESCAPE.sub(b"", held + data)
        begun = BEGUN_ESCAPE.search(data)
        held = data[begun.start():] if begun else b""
        yield data[:len(data) - len(held)]
        if FIRMWARE_ENDS in past:
            break


class Relay:
    """The console of @qemu on its way. @firmware: there is some, before the kernel."""

    def __init__(self, qemu, firmware):
        self.qemu, self.firmware = qemu, firmware
        self.kernel_spoke = None	# when it last did

    def run(self):
        """Pass the output on until QEMU ends; if its input is a pipe, type ours."""
        if self.qemu.stdin:
            threading.Thread(target=self.type_input, daemon=True).start()
        output = output_of(self.qemu.stdout)
        try:
            for data in without_firmware(output) if self.firmware else ():
                os.write(1, data)
            for data in output:
                self.kernel_spoke = time.monotonic()
                os.write(1, data)
        except BrokenPipeError:
            self.qemu.kill()	# nobody wants to know any more

    def type_input(self):
        """Thread: our standard input, and then its end, again and again."""
        while not self.kernel_spoke or time.monotonic() - self.kernel_spoke < QUIET:
            time.sleep(QUIET / 4)
        try:
            last = typed = self.type(os.read(0, BYTES))
            while typed:
                last, typed = typed, self.type(os.read(0, BYTES))
            if last and not last.endswith(b"\n"):
                self.type(b"\n")	# a shell's last line need not have one
            while self.type(END_OF_INPUT):
                time.sleep(1)
        except BrokenPipeError:
            pass	# QEMU has ended

    def type(self, data):
        os.write(self.qemu.stdin.fileno(), data)
        return data
