#!/bin/sh
# Builds with Debian 12's gcc, natively for linux-x64 and crosswise for linux-arm64: launcher.bin, which is in every
# executable of the target, unpack.bin, which is in compressed ones, and trace-pages, a tool of builds on linux-x64.
# `build.sh --check` compares the results with the committed bytes instead of replacing them.
set -eu
cd "$(dirname "$0")"
out=prebuilt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags='-std=c17 -Os -Wall -Wextra -Werror -ffreestanding -fno-pic -fno-pie -mcmodel=small
	-fno-stack-protector -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns -I.'
static='-nostdlib -static -no-pie -Wl,--build-id=none'
# As a whole, which takes a page less.
whole="-flto -flto-partition=none -frandom-seed=ingot -mgeneral-regs-only $static -Wl,-z,noseparate-code -Wl,-T,launcher.ld -Wl,--no-warn-rwx-segments"
common='launch.c sealed.c node-options.c execute.c loader.c native.c archive.c paths.c control.c development.c packed.c maps.c stdio.c end.c environment.c'
frozen='clock.c machine.c memory.c heap.c title.c freeze.c rehearse.c thaw.c threads.c'
checks='verify.c crash.c'
mkdir "$work/linux-x64" "$work/linux-arm64"

target=linux-x64
# Constants no farther from each other than they have to be: the launcher ends on a page.
x64="$flags -fcf-protection=none -malign-data=abi -I$target"
# With as few vector registers as it needs: checksum.S saves them all.
gcc $x64 $(printf -- '-ffixed-xmm%d ' 9 10 11 12 13 14 15) -c -o "$work/checksum.o" $target/checksum.c
gcc $x64 $whole -o "$work/launcher.elf" $target/start.S $target/vdso.S $common $frozen $checks $target/checksum.S "$work/checksum.o"
objcopy -O binary -j .text "$work/launcher.elf" "$work/$target/launcher.bin"
gcc $x64 $static -Wl,-z,noexecstack -s -o "$work/$target/trace-pages" trace-pages.c paths.c
# What decompresses a compressed executable: nobody is in the middle of something, so it may use all registers.
gcc $x64 -O2 -Iunpack -flto -flto-partition=none -frandom-seed=ingot $static -Wl,-z,noseparate-code -Wl,-T,unpack/unpack.ld -Wl,--no-warn-rwx-segments \
	-o "$work/unpack.elf" unpack/start.S unpack/*.c paths.c $target/checksum.S "$work/checksum.o"
objcopy -O binary -j .text "$work/unpack.elf" "$work/$target/unpack.bin"

target=linux-arm64
arm64="$flags -march=armv8-a -mbranch-protection=none -mno-outline-atomics -I$target"
for file in checksum memset; do aarch64-linux-gnu-gcc $arm64 -O2 -mgeneral-regs-only -c -o "$work/$file.o" $target/$file.c; done
aarch64-linux-gnu-gcc $arm64 $whole -o "$work/launcher.elf" $target/start.S $common cold.c $checks "$work/checksum.o" "$work/memset.o"
aarch64-linux-gnu-objcopy -O binary -j .text "$work/launcher.elf" "$work/$target/launcher.bin"

files='linux-arm64/launcher.bin linux-x64/launcher.bin linux-x64/trace-pages linux-x64/unpack.bin'
if [ "${1:-}" = --check ]; then
	for file in $files; do
		cmp "$work/$file" "$out/$file" || { echo "$file: the committed bytes are not what the source gives" >&2; exit 1; }
	done
	(cd "$out" && sha256sum --check --quiet SHA256SUMS)
else
	mkdir -p "$out/linux-x64" "$out/linux-arm64"
	for file in $files; do cp --remove-destination "$work/$file" "$out/$file"; done
	(cd "$out" && sha256sum $files > SHA256SUMS)
fi
