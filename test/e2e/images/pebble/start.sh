#!/bin/sh
# Files of the test: /pebble/config.json, and the certificate and key that it names.
pebble-challtestsrv -defaultIPv4 '' -defaultIPv6 '' -http01 '' -https01 '' -tlsalpn01 '' -doh '' &
# Speaks what lego calls "httpreq", to whom knows the password.
echo '/:lego:s3cret' >/provider.conf
busybox httpd -p 8056 -h /provider -c /provider.conf
exec pebble -strict -config /pebble/config.json -dnsserver 127.0.0.1:8053
