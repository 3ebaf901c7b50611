/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "cli/dms-cli-verb.h"

#include <stdio.h>

G_BEGIN_DECLS

/* Scripts that complete the words and flags of these verbs. */
void dms_cli_completion_print_bash (const DmsCliVerb *const *verbs, FILE *out);
void dms_cli_completion_print_zsh (const DmsCliVerb *const *verbs, FILE *out);

G_END_DECLS
