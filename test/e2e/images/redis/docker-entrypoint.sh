#!/usr/bin/env bash
# Start-up contract of the official image (https://github.com/redis/docker-library-redis).
set -euo pipefail

if [[ ${1:-} == -* || ${1:-} == *.conf ]]; then set -- redis-server "$@"; fi

if [[ ${1:-} == redis-server ]]; then
  config=
  if [[ -n ${2:-} && $2 != -* ]]; then config=$2; fi

  # The official binary is compiled with protected mode off, Debian's with it on; only the default may differ from Debian.
  if [[ " $* " != *' --protected-mode '* ]] && ! { [[ -n $config ]] && grep -qiE '^\s*protected-mode\s' "$config"; }; then
    set -- "$@" --protected-mode no
  fi

  # As in the official image: without the two capabilities the server goes on as root, without a word.
  if [[ $(id -u) == 0 ]] && setpriv --dump | grep '^Capability bounding set:' | grep -w setuid | grep -qw setgid; then
    find . ! -user redis \( -name '*.rdb' -o -name appendonlydir \) -exec chown -R redis {} + || true
    exec setpriv --nnp --reuid=redis --regid=redis --clear-groups --inh-caps=-all --ambient-caps=-all \
      --bounding-set=-all "$@"
  fi
fi

if [[ $(umask) == 0022 ]]; then umask 0077; fi
exec "$@"
