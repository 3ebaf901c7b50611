/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "cli/dms-cli-verb.h"

#include <stdio.h>

G_BEGIN_DECLS

/* The help of a verb, or with NULL that of the program. Styled when the stream is a terminal and NO_COLOR is
 * not set. */
void dms_cli_help_print (const DmsCliVerb *const *verbs, const DmsCliVerb *verb, FILE *out);

/* (nullable): the verb of exactly those words. */
const DmsCliVerb *dms_cli_help_find_verb (const DmsCliVerb *const *verbs, const char *path);

/* The manual page of the whole program, for man(1). */
void dms_cli_help_print_manual (const DmsCliVerb *const *verbs, FILE *out);

G_END_DECLS
