#!/bin/sh
echo "${NOT_A_PLACEHOLDER}"
