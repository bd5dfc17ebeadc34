#!/usr/bin/env bash
# Start-up contract of the valkey/valkey image (https://github.com/valkey-io/valkey-container).
set -euo pipefail

if [[ ${1:-} == -* || ${1:-} == *.conf ]]; then set -- valkey-server "$@"; fi

if [[ ${1:-} == valkey-server && $(id -u) == 0 ]]; then
  find . ! -user valkey -exec chown valkey {} +
  # Unlike redis, this fails without the capabilities instead of going on as root.
  exec setpriv --reuid=valkey --regid=valkey --clear-groups "$0" "$@"
fi

if [[ ${1:-} == valkey-server ]]; then
  if [[ ! -w . ]]; then
    printf 'error: the working directory %s is not writable for uid %s\n' "$PWD" "$(id -u)" >&2
    exit 1
  fi
  # The published binary is compiled with protected mode off, Debian's with it on; only the default may differ.
  config=
  if [[ -n ${2:-} && $2 != -* ]]; then config=$2; fi
  if [[ " $* " != *' --protected-mode '* ]] && ! { [[ -n $config ]] && grep -qiE '^\s*protected-mode\s' "$config"; }; then
    set -- "$@" --protected-mode no
  fi
fi

umask 0077
# shellcheck disable=SC2086 # several flags in one variable, as in the published image
exec "$@" ${VALKEY_EXTRA_FLAGS:-}
