#!/bin/sh
# Proves that voxtra-core needs no allocator, and that this proof can fail. Needs cargo, cc and nm.
set -eu
cd "$(dirname "$0")"
target=${CARGO_TARGET_DIR:-$PWD/target}
lib=$target/release/libvoxtra_link_gate.a

fail() {
    echo "link-gate: $*" >&2
    exit 1
}

# 1. The whole core as a static library without an allocator.
rm -f "$lib"
cargo build --quiet --release --locked
[ -f "$lib" ] || fail "no library at $lib"

# 2. It holds the call, and refers to no allocator's symbols.
nm "$lib" 2>/dev/null | grep -q ' T voxtra_link_gate$' || fail "the call is not in the library"
allocators='(__rust_(alloc|dealloc|realloc|no_alloc)|__r(dl|g)_(alloc|dealloc|realloc)|alloc_error_handler)|[ _](malloc|calloc|realloc|free|posix_memalign|aligned_alloc)$'
echo 'void *malloc(unsigned long); void *take(void) { return malloc(1); }' | cc -x c -c - -o "$target/takes.o"
nm "$target/takes.o" | grep -qE "$allocators" || fail "malloc would not be noticed"
if nm "$lib" 2>/dev/null | grep -E "$allocators"; then
    fail "the library refers to an allocator (above)"
fi

# 3. It links into a program and handles its call there.
cc main.c "$lib" -o "$target/link-gate"
"$target/link-gate" || fail "the call failed at step $?"

# 4. The whole core and what it stands on, not only what that call uses: without optimisation
#    nothing is left out.
whole=${CARGO_TARGET_DIR:-$PWD/target}/debug/libvoxtra_link_gate.a
cargo build --quiet --locked
modules=$(sed -n 's/^pub mod \([a-z]\{1,\}\);$/\1/p' ../../voxtra-core/src/lib.rs)
[ -n "$modules" ] || fail "no modules in voxtra-core/src/lib.rs"
names=$(nm -C "$whole" 2>/dev/null)
for module in $modules; do
    case $names in
    *"voxtra_core::$module::"*) ;;
    *) fail "nothing of voxtra_core::$module is in $whole" ;;
    esac
done
if nm "$whole" 2>/dev/null | grep -E "$allocators"; then
    fail "voxtra-core or something that it uses refers to an allocator (above)"
fi

# 5. The same with one allocation must not build, for that reason.
if output=$(cargo build --quiet --release --locked --features fail 2>&1); then
    fail "a library that allocates was built: the gate proves nothing"
fi
case $output in
*"no global memory allocator"*) ;;
*) fail "a library that allocates was refused for another reason:
$output" ;;
esac

echo "link-gate: all of voxtra-core ($(echo $modules)) links and handles calls without an allocator; with one allocation it does not build"
