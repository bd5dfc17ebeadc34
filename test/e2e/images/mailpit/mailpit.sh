#!/bin/bash
# `mailpit readyz` is asked often and must cost next to nothing, as the original's does; starting Node.js would not.
if [[ ${1-} != readyz ]]; then
  exec node /usr/local/lib/mailpit.mjs "$@"
fi
exec 3<>/dev/tcp/127.0.0.1/8025 || exit 1
printf 'GET /readyz HTTP/1.0\r\n\r\n' >&3
read -r _ status _ <&3 && [[ ${status} == 200 ]]
