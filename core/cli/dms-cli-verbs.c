/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-verbs.h"

/**
 * dms_cli_verbs_get_all:
 *
 * Returns: (transfer none): every verb of the program, ended by %NULL
 */
const DmsCliVerb *const *
dms_cli_verbs_get_all (void)
{
  static const DmsCliVerb *const verbs[] = {
    &dms_verb_version,
    NULL,
  };

  return verbs;
}
