/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "cli/dms-cli-verb.h"

G_BEGIN_DECLS

/* The parser of command lines (cli.md section 1). It behaves as the field's does, so that every order of
 * words and flags which works there works here, with the same error texts. */
typedef struct _DmsCliParser DmsCliParser;

/* verbs: ended by NULL, borrowed. global_flags: flags of every verb. The word `nunet` is not part of the
 * line. */
DmsCliParser *dms_cli_parser_new (const DmsCliVerb *const *verbs, const DmsCliFlag *global_flags);
void dms_cli_parser_free (DmsCliParser *self);

/* Finds the verb and reads its flags. FALSE with the error to show. */
gboolean dms_cli_parser_parse (DmsCliParser *self, const char *const *words, GError **error);

/* After parsing: whether help is to be shown instead of running the verb. */
gboolean dms_cli_parser_wants_help (DmsCliParser *self);
/* After parsing: arguments, required flags, flags that exclude each other. FALSE with the error to show. */
gboolean dms_cli_parser_validate (DmsCliParser *self, GError **error);

/* (nullable): the verb that was found; NULL is the root. */
const DmsCliVerb *dms_cli_parser_get_verb (DmsCliParser *self);
/* The words that were found: "" or `cap grant`. */
const char *dms_cli_parser_get_path (DmsCliParser *self);

/* Positional arguments, ended by NULL. */
const char *const *dms_cli_parser_get_args (DmsCliParser *self);

/* (nullable): a flag that the verb knows, its own or one from above. */
const DmsCliFlag *dms_cli_parser_find_flag (DmsCliParser *self, const char *name);
/* (nullable): the values that were given, ended by NULL; checked for the flag's type. */
const char *const *dms_cli_parser_get_values (DmsCliParser *self, const char *name);

/* The verbs right below those words, in the order of their names; borrowed. */
GPtrArray *dms_cli_parser_list_children (const DmsCliVerb *const *verbs, const char *path);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsCliParser, dms_cli_parser_free)

G_END_DECLS
