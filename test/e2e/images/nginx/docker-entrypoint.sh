#!/bin/sh
# The official entrypoint prepares /etc/nginx and then hands over; the stack's configuration needs no preparation.
set -e
exec "$@"
