/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "capability/dms-token-action.h"

#include <string.h>

static const char * const words[] = { "invoke", "delegate", "broadcast", "revoke" };

const char *
dms_token_action_to_string (DmsTokenAction action)
{
  return words[action];
}

gboolean
dms_token_action_from_string (const char *text, DmsTokenAction *action)
{
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (strcmp (text, words[i]) == 0)
      {
        *action = (DmsTokenAction) i;
        return TRUE;
      }
  return FALSE;
}
