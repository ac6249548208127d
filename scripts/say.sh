#!/bin/sh
# One line of progress, with the time, so that a long run shows where it is.
printf '[%s] %s\n' "$(date +%H:%M:%S)" "$*"
