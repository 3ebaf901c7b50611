#!/bin/sh
# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
#
# run-built.sh PROGRAM ARGUMENT...: runs a program that was linked a moment ago. While another build in the same
# directory links it again it is busy, not to be executed yet, or not there: then again, for some ten seconds at most.
tries=0
while :; do
    status=0
    "$@" || status=$?
    # What the shell says when it cannot execute a file, or does not find it.
    case $status in 126 | 127) ;; *) exit "$status" ;; esac
    [ "$tries" -lt 50 ] || exit "$status"
    tries=$((tries + 1))
    sleep 0.2
done
