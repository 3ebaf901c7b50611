/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "cli/dms-cli-verb.h"

#include <stdio.h>

G_BEGIN_DECLS

/* Flags that every verb takes, ended by an empty one. */
const DmsCliFlag *dms_cli_get_global_flags (void);

/* Runs one command line: 0 when the command completed, 1 on any error, which is shown on err. words: without
 * the program's name, ended by NULL. */
int dms_cli_run (const DmsCliVerb *const *verbs, const char *const *words, FILE *in, FILE *out, FILE *err);

G_END_DECLS
