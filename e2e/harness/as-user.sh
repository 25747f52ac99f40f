#!/bin/sh
# Starts "$SKEIN_BROWSER" for root as somebody who is not: without the right to put threads before others.
exec unshare --user --map-user=1000 --map-group=1000 "$SKEIN_BROWSER" "$@"
