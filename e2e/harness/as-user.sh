#!/bin/sh
# Starts "$SKEIN_BROWSER" as somebody who is not root. Root's Chromium puts its network threads before its pages
# (nice -8), which a person's on Linux may not: on two full cores our pages' tasks took 95 ms by the clock with it and
# 38 without (the longest of each run, medians; measured: npm run bench -- tasks).
exec unshare --user --map-user=1000 --map-group=1000 "$SKEIN_BROWSER" "$@"
