/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <string.h>

#include "capability/dms-token-list.h"

/* What was read is written in the one form, which reads the same again. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (DmsTokenList) list
    = dms_token_list_new_from_data ((const char *) data, size, DMS_TOKEN_MAX_LIST_SIZE, NULL);
  g_autoptr (DmsTokenList) again = NULL;
  g_autofree char *text = NULL;
  g_autofree char *second = NULL;

  if (list == NULL)
    return 0;
  text = dms_token_list_to_string (list);
  again = dms_token_list_new_from_data (text, strlen (text), G_MAXSIZE, NULL);
  g_assert_nonnull (again);
  second = dms_token_list_to_string (again);
  g_assert_cmpstr (text, ==, second);
  for (guint i = 0; i < dms_token_list_get_size (list); i++)
    {
      DmsToken *token = dms_token_list_get (list, i);
      g_autofree char *id = dms_token_dup_revocation_id (token);

      dms_token_check_signature (token);
      dms_token_implies (token, "/dms/deployment");
      dms_token_is_expired (token, 1);
    }
  return 0;
}
