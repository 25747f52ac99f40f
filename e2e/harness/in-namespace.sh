#!/bin/sh
# Starts "$SKEIN_BROWSER" in the network namespace "$SKEIN_NAMESPACE".
exec ip netns exec "$SKEIN_NAMESPACE" "$SKEIN_BROWSER" "$@"
