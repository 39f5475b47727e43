#!/bin/sh
# Builds for linux-x64, with Debian 12's gcc: launcher.bin, which is in every executable, and trace-pages, a tool of
# the build. `build.sh --check` compares the results with the committed bytes instead of replacing them.
set -eu
cd "$(dirname "$0")"
out=prebuilt/linux-x64
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags='-std=c17 -Os -Wall -Wextra -Werror -ffreestanding -fno-pic -fno-pie -mcmodel=small
	-fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none -fno-tree-loop-distribute-patterns'
static='-nostdlib -static -no-pie -Wl,--build-id=none'
gcc $flags -O2 -c -o "$work/checksum.o" checksum.c
# As a whole, which takes a page less.
gcc $flags -flto -flto-partition=none -frandom-seed=ingot -mgeneral-regs-only $static -Wl,-z,noseparate-code -Wl,-T,launcher.ld -Wl,--no-warn-rwx-segments \
	-o "$work/launcher.elf" start.S vdso.S launch.c sealed.c node-options.c execute.c loader.c native.c archive.c paths.c control.c development.c maps.c stdio.c environment.c clock.c machine.c heap.c freeze.c rehearse.c thaw.c verify.c crash.c checksum.S "$work/checksum.o"
objcopy -O binary -j .text "$work/launcher.elf" "$work/launcher.bin"
gcc $flags $static -Wl,-z,noexecstack -s -o "$work/trace-pages" trace-pages.c paths.c
if [ "${1:-}" = --check ]; then
	for file in launcher.bin trace-pages; do
		cmp "$work/$file" "$out/$file" || { echo "$file: the committed bytes are not what the source gives" >&2; exit 1; }
	done
	sha256sum --check --quiet prebuilt/SHA256SUMS
else
	mkdir -p "$out"
	cp --remove-destination "$work/launcher.bin" "$work/trace-pages" "$out"
	sha256sum "$out/launcher.bin" "$out/trace-pages" > prebuilt/SHA256SUMS
fi
