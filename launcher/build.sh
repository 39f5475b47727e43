#!/bin/sh
# Builds launcher.bin for linux-x64 with Debian 12's gcc. `build.sh --check` compares the result
# with the committed bytes instead of replacing them.
set -eu
cd "$(dirname "$0")"
out=prebuilt/linux-x64/launcher.bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
gcc -std=c17 -Os -Wall -Wextra -Werror -ffreestanding -fno-pic -fno-pie -mcmodel=small -mgeneral-regs-only \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none -fno-tree-loop-distribute-patterns \
	-nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noseparate-code -Wl,-T,launcher.ld -Wl,--no-warn-rwx-segments \
	-o "$work/launcher.elf" start.S vdso.S launch.c sealed.c node-options.c execute.c loader.c native.c archive.c paths.c control.c development.c maps.c stdio.c environment.c clock.c machine.c heap.c freeze.c rehearse.c thaw.c
objcopy -O binary -j .text "$work/launcher.elf" "$work/launcher.bin"
if [ "${1:-}" = --check ]; then
	cmp "$work/launcher.bin" "$out" || { echo 'launcher: the committed bytes are not what the source gives' >&2; exit 1; }
	sha256sum --check --quiet prebuilt/SHA256SUMS
else
	mkdir -p "$(dirname "$out")"
	cp "$work/launcher.bin" "$out"
	sha256sum "$out" > prebuilt/SHA256SUMS
fi
