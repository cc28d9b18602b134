#!/bin/sh
# Says what is missing on this machine before anything is downloaded or compiled.
# Reads PYTHON (the interpreter to use) and CUDA (not empty: an NVIDIA build is wanted).
set -u
python=${PYTHON:-python3}
missing=0

lacks() {
	printf 'missing: %s\n    -> %s\n' "$1" "$2" >&2
	missing=1
}

if ! command -v "$python" >/dev/null 2>&1; then
	lacks "Python ($python)" "on Debian: apt-get install python3 python3-venv; or name another: make PYTHON=..."
elif ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
	lacks "Python 3.11 or later ($python is $("$python" -V 2>&1 | cut -d' ' -f2))" \
		"install a newer one and name it: make PYTHON=python3.12"
elif ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
	lacks "the venv module of $python" "on Debian: apt-get install python3-venv"
fi

for tool in "${CC:-cc}:C compiler" "${CXX:-c++}:C++ compiler"; do
	command -v "${tool%%:*}" >/dev/null 2>&1 ||
		lacks "a ${tool#*:} (${tool%%:*}), llama.cpp is compiled here" "on Debian: apt-get install build-essential; on macOS: xcode-select --install"
done

if [ -n "${CUDA:-}" ] && ! command -v nvcc >/dev/null 2>&1; then
	lacks "the CUDA toolkit (nvcc is not on the PATH)" "install it and put its bin folder on the PATH, or leave out CUDA=1"
fi

exit "$missing"
